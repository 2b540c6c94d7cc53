// SPDX-License-Identifier: Apache-2.0
import type { Cause } from "./model.ts";
import { type Literal, negative, positive, Sat } from "./sat.ts";

/** Above this many causes the contradiction is shown as it was found; shortening it takes the square of their number. */
const shortenLimit = 600;

/**
 * Reduces causes that contradict each other to a set of which none can be left out, and orders them as a person would
 * tell them: from the request along what each package needs.
 */
export function explain<Package extends object, Label>(
  causes: readonly Cause<Package, Label>[],
): Cause<Package, Label>[] {
  let kept = [...causes];
  if (kept.length <= shortenLimit) {
    for (const cause of causes) {
      const without = kept.filter((other) => other !== cause);
      if (contradicts(without)) kept = without;
    }
  }
  return inOrder(kept);
}

function contradicts<Package extends object, Label>(causes: readonly Cause<Package, Label>[]): boolean {
  const variables = new Map<Package, number>();
  const sat = new Sat<undefined>(() => {});
  const variable = (one: Package) => {
    const found = variables.get(one) ?? sat.newVariable();
    variables.set(one, found);
    return found;
  };
  for (const cause of causes) {
    sat.add(literalsOf(cause, variable), undefined);
    if (sat.level > 0) throw new Error("clauses are added before anything is decided");
  }
  for (;;) {
    const conflict = sat.propagate();
    if (conflict !== undefined) {
      if (!sat.resolve(conflict)) return true;
      continue;
    }
    const open = variables.values().find((one) => sat.value(one) === undefined);
    if (open === undefined) return false;
    sat.decide(negative(open));
  }
}

function literalsOf<Package, Label>(cause: Cause<Package, Label>, variable: (one: Package) => number): Literal[] {
  switch (cause.kind) {
    case "request":
      return cause.wanted.map((one) => positive(variable(one)));
    case "forbidden":
      return [negative(variable(cause.one))];
    case "excludes":
      return [negative(variable(cause.one)), negative(variable(cause.other))];
    case "needs":
      return [
        negative(variable(cause.one)),
        ...cause.requirement.candidates.map((candidate) => positive(variable(candidate))),
      ];
  }
}

/** Requests first, then depth first along the requirements; exclusions where both packages have been told of. */
function inOrder<Package, Label>(causes: readonly Cause<Package, Label>[]): Cause<Package, Label>[] {
  const told = new Set<Cause<Package, Label>>();
  const visited = new Set<Package>();
  const visit = (one: Package) => {
    if (visited.has(one)) return;
    visited.add(one);
    for (const cause of causes) {
      if (cause.kind !== "needs" || cause.one !== one) continue;
      told.add(cause);
      for (const candidate of cause.requirement.candidates) visit(candidate);
    }
  };
  for (const cause of causes) {
    if (cause.kind !== "request") continue;
    told.add(cause);
    for (const one of cause.wanted) visit(one);
  }
  for (const cause of causes) told.add(cause);
  return [...told];
}
