// SPDX-License-Identifier: Apache-2.0
/**
 * What the solver knows of packages: it has no word of any packaging format. A universe (one per format) says what a
 * package needs and what it cannot be with; the solver chooses.
 */
import type { Claim } from "./explain.ts";

/** Something that a package needs: one of the candidates. */
export interface Requirement<Package, Label> {
  /** In any order. */
  readonly candidates: readonly Package[];
  /** The same, the one that is liked best first. Only asked when there is a choice to make. */
  preferred(): Iterable<Package>;
  /** A weak one (Recommends) is met if that is possible, and is never a reason to fail. */
  readonly weak: boolean;
  /** What the universe wants to know of it again, for reasons and explanations. */
  readonly label: Label;
}

/** `package` cannot be installed together with any of `others`. */
export interface Exclusion<Package, Label> {
  readonly others: readonly Package[];
  readonly label: Label;
}

export interface Universe<Package, Label> {
  /** In the order in which they are to be met; called once for each package that is considered. */
  requirements(one: Package): readonly Requirement<Package, Label>[];
  exclusions(one: Package): readonly Exclusion<Package, Label>[];
}

/** Why a clause holds; an explanation is made of these. */
export type Cause<Package, Label> =
  | { readonly kind: "request"; readonly wanted: readonly Package[]; readonly label: Label }
  | { readonly kind: "forbidden"; readonly one: Package; readonly label: Label }
  | { readonly kind: "needs"; readonly one: Package; readonly requirement: Requirement<Package, Label> }
  | { readonly kind: "excludes"; readonly one: Package; readonly other: Package; readonly label: Label };

/** Why a package is in the solution. */
export type Reason<Package, Label> =
  | { readonly kind: "request"; readonly label: Label }
  | { readonly kind: "needed"; readonly by: Package; readonly requirement: Requirement<Package, Label> };

export function claimOf<Package, Label>(cause: Cause<Package, Label>): Claim<Package> {
  switch (cause.kind) {
    case "request":
      return { wants: cause.wanted, refuses: [], isRequest: true };
    case "forbidden":
      return { wants: [], refuses: [cause.one], isRequest: true };
    case "excludes":
      return { wants: [], refuses: [cause.one, cause.other], isRequest: false };
    case "needs":
      return { wants: cause.requirement.candidates, refuses: [cause.one], isRequest: false };
  }
}
