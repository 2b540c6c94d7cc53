// SPDX-License-Identifier: Apache-2.0
export { newChangelogs, type PackageChangelog } from "./changelogs.ts";
export { type CommitDifference, compareCommits, type Release } from "./compare-commits.ts";
export type { FileDifference } from "./compare-files.ts";
export { installedRpms, treePackages, withRpmDatabase } from "./tree-packages.ts";
