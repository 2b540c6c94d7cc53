// SPDX-License-Identifier: Apache-2.0
/** From installed packages to the tree of a deployment, in the two steps that `compose install` and `postprocess` are. */
import { type ProgressListener, stage } from "../base/index.ts";
import type { DirNode } from "../ostree/index.ts";
import { applyTreefile } from "./edits.ts";
import type { FormatLayout, Installable, PackageFormat } from "./format.ts";
import { makeInitramfs } from "./initramfs.ts";
import { type LayoutOptions, shapeDeployment } from "./layout/index.ts";
import { kernelVersion } from "./layout/kernel.ts";
import type { ComposeOptions } from "./model.ts";
import { applyUpper } from "./overlay.ts";
import type { Workspace } from "./sandbox.ts";
import { requireRootKeys } from "./signed-root.ts";
import { lookup } from "./tree.ts";
import type { Treefile } from "./treefile/model.ts";

/** Given to the tree's programs as SOURCE_DATE_EPOCH: constant, so that two releases differ by what changed only. */
export const epoch = "1";

/** Lays the packages out, runs their scripts and makes the treefile's changes. @returns a tree whose /etc is /etc */
export async function installTree(
  workspace: Workspace,
  installable: Installable,
  options: ComposeOptions,
  { environment }: PackageFormat,
  progress: ProgressListener,
): Promise<DirNode> {
  const { treefile, executable } = options;
  const tree = await installable.install(workspace, options, progress);
  const env = { ...environment, SOURCE_DATE_EPOCH: epoch };
  await stage(progress, "compose.postprocess", "Applying the treefile", () =>
    applyTreefile(workspace, tree, treefile, executable, env),
  );
  return tree;
}

/** Makes the initramfs of an installed tree and gives it the shape of a deployment. */
export async function postprocessTree(
  workspace: Workspace,
  tree: DirNode,
  { treefile, version }: { readonly treefile: Treefile; readonly version?: string },
  { environment, layout }: PackageFormat,
  progress: ProgressListener,
): Promise<void> {
  const kernel = treefile.container ? undefined : kernelVersion(tree);
  if (kernel !== undefined) requireRootKeys(tree, treefile);
  if (kernel !== undefined) {
    await stage(progress, "compose.initramfs", `Making the initramfs for ${kernel}`, () =>
      makeInitramfs(workspace, tree, kernel, treefile, { ...environment, SOURCE_DATE_EPOCH: epoch }),
    );
    applyUpper(tree, workspace.upper);
  }
  shape(tree, layout, treefile, version);
  for (const text of tmpWarnings(tree, treefile)) progress({ type: "warning", text });
}

/** systemd's tmp.mount leaves a link alone (`ConditionPathIsSymbolicLink=!/tmp`), and most services want a /tmp to write to. */
function tmpWarnings(tree: DirNode, { tmpIsDir }: Treefile): string[] {
  if (tmpIsDir || !lookup(tree, "usr/lib/systemd/systemd")) return [];
  const text =
    "tmp-is-dir is false: /tmp leads to /sysroot/tmp, which nothing is mounted on and which is read-only on a host";
  return [`${text}; write  tmp-is-dir: true  or  edition: 2024`];
}

function shape(tree: DirNode, layout: FormatLayout, treefile: Treefile, version: string | undefined): void {
  const { machineidCompat, tmpIsDir, optUsrlocal, selinux, readonlyExecutables, container, etcGroupMembers } = treefile;
  const options: LayoutOptions = {
    machineidCompat,
    tmpIsDir,
    optUsrlocal,
    selinux,
    readonlyExecutables,
    container,
    etcGroupMembers,
    bootFiles: treefile.bootLocation === "new",
    ...(treefile.mutateOsRelease !== undefined && { osReleaseBase: treefile.mutateOsRelease }),
    ...(version !== undefined && { version }),
  };
  shapeDeployment(tree, layout, options);
}
