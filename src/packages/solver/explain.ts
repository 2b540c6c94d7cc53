// SPDX-License-Identifier: Apache-2.0
import { negative, positive } from "./literal.ts";
import { Sat } from "./sat.ts";

/** Above this many causes the contradiction is shown as it was found; shortening it takes the square of their number. */
const shortenLimit = 600;

/** What a cause says: one of `wants` must be there, unless one of `refuses` is not. */
export interface Claim<Package> {
  readonly wants: readonly Package[];
  readonly refuses: readonly Package[];
  /** Comes from the person who asks, not from a package. */
  readonly isRequest: boolean;
}

/**
 * Reduces causes that contradict each other to a set of which none can be left out, and orders them as a person would
 * tell them: from the request along what each package needs.
 */
export function explain<Cause, Package>(causes: readonly Cause[], claimOf: (cause: Cause) => Claim<Package>): Cause[] {
  const claims = new Map(causes.map((cause) => [cause, claimOf(cause)]));
  let kept = [...causes];
  if (kept.length <= shortenLimit) {
    for (const cause of causes) {
      const without = kept.filter((other) => other !== cause);
      if (contradicts(without.map((one) => claims.get(one)!))) kept = without;
    }
  }
  return inOrder(kept, claims);
}

function contradicts<Package>(claims: readonly Claim<Package>[]): boolean {
  const variables = new Map<Package, number>();
  const sat = new Sat<undefined>();
  const variable = (one: Package) => {
    const found = variables.get(one) ?? sat.newVariable();
    variables.set(one, found);
    return found;
  };
  for (const { wants, refuses } of claims) {
    const literals = [...refuses.map((one) => negative(variable(one))), ...wants.map((one) => positive(variable(one)))];
    sat.add(literals, undefined);
  }
  if (sat.settle() !== undefined) return true;
  for (;;) {
    const open = variables.values().find((one) => sat.value(one) === undefined);
    if (open === undefined) return false;
    if (sat.assume(negative(open)) !== undefined) return true;
  }
}

/** Requests first, then depth first along the requirements; exclusions where both packages have been told of. */
function inOrder<Cause, Package>(causes: readonly Cause[], claims: ReadonlyMap<Cause, Claim<Package>>): Cause[] {
  const told = new Set<Cause>();
  const visited = new Set<Package>();
  const visit = (one: Package) => {
    if (visited.has(one)) return;
    visited.add(one);
    for (const cause of causes) {
      const { wants, refuses, isRequest } = claims.get(cause)!;
      // What forbids several packages to be together is told when all of them are known.
      if (isRequest || refuses[0] !== one || (wants.length === 0 && refuses.length > 1)) continue;
      told.add(cause);
      for (const candidate of wants) visit(candidate);
    }
  };
  for (const cause of causes) {
    const { wants, isRequest } = claims.get(cause)!;
    if (!isRequest || wants.length === 0) continue;
    told.add(cause);
    for (const one of wants) visit(one);
  }
  for (const cause of causes) told.add(cause);
  return [...told];
}
