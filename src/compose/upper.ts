// SPDX-License-Identifier: Apache-2.0
/** Changes a workspace's overlay from outside, while it is not mounted: what later steps in the tree see. */
import { chmodSync, chownSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, makeNode } from "../base/index.ts";
import type { DirNode, TreeNode } from "../ostree/index.ts";
import { materializeNode } from "./materialize.ts";
import type { Workspace } from "./sandbox.ts";
import { followSymlinks, lookup, lookupDirectory, plainDirectory } from "./tree.ts";

const characterDevice = 0o020000;

/**
 * Puts `node` at `path` of the tree, whose present state is `tree` (with the overlay applied). Symlinks on the way are
 * followed inside the tree. The caller applies the overlay to `tree` again afterwards.
 */
export function putInUpper(workspace: Workspace, tree: DirNode, path: string, node: TreeNode): void {
  const { directory, name } = place(workspace, tree, path);
  const target = join(directory, name);
  rmSync(target, { recursive: true, force: true });
  // Programs of the tree write to what is in the overlay.
  materializeNode(node, target, { copy: true });
}

/** Removes `path` from the tree: a whiteout hides what lies below the overlay. */
export function removeInUpper(workspace: Workspace, tree: DirNode, path: string): void {
  if (!lookup(tree, path)) return;
  const { directory, name } = place(workspace, tree, path);
  const target = join(directory, name);
  rmSync(target, { recursive: true, force: true });
  makeNode(target, characterDevice, 0);
}

/** The directory in `upper` that stands for the parent of `path`, made as it is in the tree. */
function place({ upper }: Workspace, tree: DirNode, path: string): { directory: string; name: string } {
  const at = path.lastIndexOf("/");
  const parent = followSymlinks(tree, path.slice(0, Math.max(at, 0))) ?? "";
  let directory = upper;
  let inside = "";
  for (const name of parent.split("/").filter((part) => part !== "")) {
    inside = `${inside}/${name}`;
    directory = join(directory, name);
    if (lstatIfExists(directory)?.isDirectory() === true) continue;
    rmSync(directory, { force: true });
    mkdirSync(directory);
    const { uid, gid, mode } = lookupDirectory(tree, inside)?.meta ?? plainDirectory;
    chownSync(directory, uid, gid);
    chmodSync(directory, mode & 0o7777);
  }
  return { directory, name: path.slice(at + 1) };
}
