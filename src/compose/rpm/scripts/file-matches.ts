// SPDX-License-Identifier: Apache-2.0
import type { RpmTrigger } from "../../../packages/index.ts";

/** The files of a package that is installed, as far as triggers see them: sorted paths. */
export type InstalledFiles = readonly string[];

/**
 * Paths that a file trigger is given: for each of its prefixes in turn, the files of each package below it
 * (lib/rpmtriggers.c `matchFilesNext`).
 */
export function matchedPaths({ conditions }: RpmTrigger, packages: Iterable<InstalledFiles>): string[] {
  const all = [...packages];
  return conditions.flatMap(({ name }) => all.flatMap((files) => files.filter((path) => path.startsWith(name))));
}
