// SPDX-License-Identifier: Apache-2.0
export { lintTreefile, type TreefileLintOptions } from "./lint-treefile.ts";
export { allLints, lints } from "./lints.ts";
export { lintCommit, lintDirectory, type LintOptions, type LintReport } from "./lint-tree.ts";
export type { Finding, Lint, LintedTree, Severity } from "./model.ts";
