// SPDX-License-Identifier: Apache-2.0
/** `finalize.d`: programs beside a treefile that change the finished tree from outside. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ProgressListener, run, stage } from "../base/index.ts";
import type { DirNode } from "../ostree/index.ts";
import { composeError } from "./errors.ts";
import { materialize } from "./materialize.ts";
import { readRootfs } from "./read-rootfs.ts";
import type { Workspace } from "./sandbox.ts";
import { anyCode, lastLines } from "./scripts.ts";
import type { Treefile } from "./treefile/model.ts";

/**
 * Lays the tree out as copies, where there are programs, and runs them there one after another. They are the composing
 * person's own and run without a sandbox, as rpm-ostree has it (treefile.rs `exec_finalize_d`; docs/treefile.md).
 * @returns the tree; changed or not, its files lie in the workspace then
 */
export async function finalizeTree(
  tree: DirNode,
  workspace: Workspace,
  treefile: Treefile,
  progress: ProgressListener,
): Promise<DirNode> {
  if (treefile.finalizeScripts.length === 0) return tree;
  const directory = join(workspace.path, "rootfs");
  mkdirSync(directory, { mode: 0o755 });
  materialize(tree, directory, { copy: true });
  await finalizeDirectory(directory, treefile, progress);
  return readRootfs(directory, treefile);
}

/** The same in a tree that lies in a directory. */
export async function finalizeDirectory(
  directory: string,
  { path, finalizeScripts }: Treefile,
  progress: ProgressListener,
): Promise<void> {
  for (const program of finalizeScripts) {
    await stage(progress, "compose.finalize", `Running ${program}`, () => runFinalizer(directory, program, path));
  }
}

async function runFinalizer(directory: string, program: string, treefile: string): Promise<void> {
  const { code, stdout, stderr } = await run(program, [], {
    cwd: directory,
    env: { RPMOSTREE_WORKDIR: dirname(treefile) },
    accept: anyCode,
  });
  if (code === 0) return;
  throw composeError("finalize-failed", `${program}: exit code ${code}\n${lastLines(stdout + stderr)}`);
}
