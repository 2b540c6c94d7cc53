// SPDX-License-Identifier: Apache-2.0
/** What the conversion of single packages has besides the rules for all: mostly what their maintainer scripts do. */

import { baseAdjustments } from "./base-adjustments.ts";
import { hostAdjustments } from "./host-adjustments.ts";

export interface Adjustment {
  /** Names of dependencies that the package does not have. */
  readonly drop?: readonly string[];
  readonly requires?: readonly string[];
  readonly provides?: readonly string[];
  /** Shell commands in %install, after the package was unpacked in `%{buildroot}`. */
  readonly install?: string;
  /** Paths that are taken out, with all below them, before `install` runs. */
  readonly remove?: readonly string[];
  /** Paths that %files does not list, with all below them. */
  readonly omit?: readonly string[];
  /** Further lines of %files. */
  readonly files?: readonly string[];
  /** `%attr` or `%caps` by path. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly scriptlets?: string;
}

/** By name; a name in slashes is a pattern. */
export type Adjustments = Readonly<Record<string, Adjustment>>;

const adjustments: Adjustments = { ...baseAdjustments, ...hostAdjustments };

export function adjustmentOf(name: string): Adjustment {
  const matches = (pattern: string) => pattern.startsWith("/") && new RegExp(pattern.slice(1, -1)).test(name);
  return adjustments[name] ?? adjustments[Object.keys(adjustments).find(matches) ?? ""] ?? {};
}
