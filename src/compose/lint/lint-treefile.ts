// SPDX-License-Identifier: Apache-2.0
import { isNativeError } from "node:util/types";
import type { Repo } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { loadTreefile, type TreefileOptions } from "../treefile/load.ts";
import type { Treefile } from "../treefile/model.ts";
import { type LintOptions, type LintReport, requireLint } from "./lint-tree.ts";
import type { Finding } from "./model.ts";
import { checkRepositories, repositoryLints } from "./repositories.ts";
import { checkTreefile, treefileLints } from "./treefile.ts";

export interface TreefileLintOptions extends LintOptions, TreefileOptions {
  /** Has the refs of layers. */
  readonly repo?: Repo;
  /** Do not ask the repositories. */
  readonly offline?: boolean;
}

const count = treefileLints.length + repositoryLints.length;

/** Tells what is missing here to compose a treefile, and what in it is not what was meant. */
export async function lintTreefile(path: string, options: TreefileLintOptions = {}): Promise<LintReport> {
  const { skip = [], repo, offline = false } = options;
  for (const name of skip) requireLint(name);
  const treefile = tryLoad(path, options);
  if (isFinding(treefile)) return { findings: [treefile], passed: 0, skipped: 0 };
  const found = [
    ...treefileLints.flatMap((lint) => (skip.includes(lint.name) ? [] : checkTreefile(lint, treefile, repo))),
    ...(await checkRepositories(treefile, offline)).filter(({ lint }) => !skip.includes(lint)),
  ];
  const failed = new Set(found.map(({ lint }) => lint));
  const skipped = [...treefileLints, ...repositoryLints].filter(({ name }) => skip.includes(name)).length;
  return { findings: found, passed: count - failed.size - skipped, skipped };
}

function isFinding(value: Treefile | Finding): value is Finding {
  return "lint" in value;
}

/** A treefile that cannot be read is the only thing to be told of it. */
function tryLoad(path: string, options: TreefileOptions): Treefile | Finding {
  try {
    return loadTreefile(path, options);
  } catch (error) {
    const codes = [
      "treefile-syntax",
      "treefile-key",
      "treefile-value",
      "treefile-unsupported",
      "treefile-include",
    ] as const;
    if (!isNativeError(error) || !composeError.is(error, ...codes)) throw error;
    return {
      lint: "treefile",
      severity: "error",
      text: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    };
  }
}
