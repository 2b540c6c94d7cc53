// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, stage } from "../base/index.ts";
import type { DirNode } from "../ostree/index.ts";
import { applyTreefile, makeInitramfs } from "./edits.ts";
import { kernelVersion } from "./layout/kernel.ts";
import type { ComposeOptions } from "./model.ts";
import { applyUpper } from "./overlay.ts";
import type { Workspace } from "./sandbox.ts";

/** Given to the tree's programs as SOURCE_DATE_EPOCH: constant, so that two releases differ by what changed only. */
export const epoch = "1";

/** The treefile's changes, then the initramfs of what came of them. */
export async function finishTree(
  workspace: Workspace,
  tree: DirNode,
  { treefile, executable }: ComposeOptions,
  environment: Readonly<Record<string, string>>,
  progress: ProgressListener,
): Promise<void> {
  const env = { ...environment, SOURCE_DATE_EPOCH: epoch };
  await stage(progress, "compose.postprocess", "Applying the treefile", () =>
    applyTreefile(workspace, tree, treefile, executable, env),
  );
  const kernel = kernelVersion(tree);
  if (kernel === undefined) return;
  await stage(progress, "compose.initramfs", `Making the initramfs for ${kernel}`, () =>
    makeInitramfs(workspace, tree, kernel, treefile, env),
  );
  applyUpper(tree, workspace.upper);
}
