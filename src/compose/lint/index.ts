// SPDX-License-Identifier: Apache-2.0
export { lints } from "./lints.ts";
export { lintCommit, lintDirectory, type LintOptions, type LintReport } from "./lint-tree.ts";
export type { Finding, Lint, LintedTree, Severity } from "./model.ts";
