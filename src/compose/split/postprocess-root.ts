// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { exchange, lstatIfExists, type ProgressListener, removeTree, silent, temporaryName } from "../../base/index.ts";
import type { DirNode } from "../../ostree/index.ts";
import { formatOf } from "../build.ts";
import { composeError } from "../errors.ts";
import { finalizeDirectory } from "../finalize.ts";
import { postprocessTree } from "../finish.ts";
import { integrationPath } from "../layout/toplevel.ts";
import { materialize } from "../materialize.ts";
import { readRootfs } from "../read-rootfs.ts";
import { makeWorkspace, requireRoot, type Workspace } from "../sandbox.ts";
import { isSymlink, lookup, makeDirectoryNode, move, put } from "../tree.ts";
import { parseTreefile } from "../treefile/load.ts";
import type { Treefile } from "../treefile/model.ts";
import { requireSupported } from "../treefile/supported.ts";

/**
 * The second step of a compose: makes a deployment's tree of a directory that `compose install`, or a package manager,
 * filled: initramfs, accounts, /var, the links of the root directory (rpmostree-postprocess.cxx `postprocess_final`). The
 * directory is exchanged for the finished one in a single step; files that stay as they are keep their inodes.
 * @param treefile default: all defaults, for packages of the kind that the directory has
 * @returns false where it was done before
 */
export async function postprocessRoot(
  directory: string,
  treefile: Treefile | undefined = undefined,
  progress: ProgressListener = silent,
): Promise<boolean> {
  const rootfs = resolve(directory);
  if (lstatIfExists(join(rootfs, "usr"))?.isDirectory() !== true) {
    throw composeError("bad-tree", `${directory} has no directory usr`, { hint: "name the root of a tree" });
  }
  if (lstatIfExists(join(rootfs, integrationPath))) return false;
  if (rootfs === "/" || statSync(rootfs).dev !== statSync(dirname(rootfs)).dev) {
    throw composeError("bad-tree", `${directory} is a mount point, which cannot be exchanged for the finished tree`, {
      hint: "name a directory within a file system",
    });
  }
  const wanted = treefile ?? defaultTreefile(rootfs);
  requireSupported(wanted);
  requireRoot();
  const workspace = makeWorkspace(temporaryName(dirname(rootfs), `.${basename(rootfs)}-`), wanted.basearch);
  try {
    await postprocessInto(workspace, rootfs, wanted, progress);
    exchange(rootfs, join(workspace.path, "rootfs"));
  } finally {
    removeTree(workspace.path);
  }
  return true;
}

function defaultTreefile(rootfs: string): Treefile {
  const isDebian = ["var/lib/dpkg", "usr/lib/sysimage/dpkg"].some((path) => lstatIfExists(join(rootfs, path)));
  return parseTreefile(isDebian ? '{"apt": []}' : "{}", `${rootfs}.json`);
}

/** Leaves the finished tree in `rootfs` of the workspace. The directory itself is only read. */
async function postprocessInto(
  workspace: Workspace,
  rootfs: string,
  treefile: Treefile,
  progress: ProgressListener,
): Promise<void> {
  const tree = readRootfs(rootfs, treefile);
  prepareForPrograms(tree, rootfs);
  materialize(tree, workspace.lower, { copy: true, link: true });
  await postprocessTree(workspace, tree, { treefile }, formatOf(treefile), progress);
  const finished = join(workspace.path, "rootfs");
  mkdirSync(finished, { mode: 0o755 });
  materialize(tree, finished, { copy: true, link: true });
  await finalizeDirectory(finished, treefile, progress);
}

/** Programs of the tree expect /etc, and a directory /tmp to write to. */
function prepareForPrograms(tree: DirNode, rootfs: string): void {
  const places = ["etc", "usr/etc"].filter((path) => lookup(tree, path));
  if (places.length !== 1) {
    const found = places.length === 0 ? "neither /etc nor /usr/etc" : "both /etc and /usr/etc";
    throw composeError("bad-tree", `${rootfs} has ${found}`, { hint: "a tree has its configuration in one of them" });
  }
  move(tree, "usr/etc", "etc");
  if (isSymlink(lookup(tree, "tmp"))) put(tree, "tmp", makeDirectoryNode());
}
