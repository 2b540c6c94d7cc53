// SPDX-License-Identifier: Apache-2.0
import type { Id } from "./pool.ts";

export type Action =
  | "install"
  | "erase"
  | "update"
  | "distupgrade"
  | "lock"
  | "verify"
  | "favor"
  | "disfavor"
  | "blacklist"
  | "excludefromweak"
  | "multiversion"
  | "userinstalled"
  | "allowuninstall"
  | "droporphaned"
  | "noop";

/** What a job fixes by naming its packages: rules that would say otherwise give way (SOLVER_SETNAME and its kin). */
export type Fixed = "name" | "architecture" | "vendor" | "repository" | "evr" | "version";

/** One thing that is to be done, with the packages that it is about. */
export interface Job {
  readonly action: Action;
  /** The packages that it selects: one of them is to be installed, or all of them are to be erased, locked, ... */
  readonly packages: readonly Id[];
  /** Where a condition is part of an install job: its rules, with negative numbers for packages that must not be there. */
  readonly rules?: readonly (readonly number[])[];
  /** The job is about all packages of the pool, or all of a repository, not about chosen ones. */
  readonly scope?: "all" | "repository";
  /** It names exactly one package, not all that are called so. */
  readonly exact?: boolean;
  /** An install job with no candidate: an error, but for "one of these" where it means nothing to do. */
  readonly optional?: boolean;
  /** May be given up. */
  readonly weak?: boolean;
  /** The best candidate or none. */
  readonly best?: boolean;
  /** What becomes unneeded goes too. */
  readonly cleanDependencies?: boolean;
  /** The packages are those to update to. */
  readonly targeted?: boolean;
  /** An installed candidate may be updated. */
  readonly orUpdate?: boolean;
  readonly fixed?: ReadonlySet<Fixed>;
  /** As the person asked. */
  readonly text: string;
}
