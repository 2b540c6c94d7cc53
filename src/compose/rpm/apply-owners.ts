// SPDX-License-Identifier: Apache-2.0
import { chmodSync, copyFileSync, lchownSync, lstatSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setXattr } from "../../base/index.ts";
import type { DirNode, FileNode } from "../../ostree/index.ts";
import type { Workspace } from "../sandbox.ts";
import { lookup, put } from "../tree.ts";
import type { Owner } from "./owners.ts";

/**
 * Gives files their owners, in the tree in memory and below the overlay. What is a hard link to a cached object there
 * becomes a file of its own.
 */
export function applyOwners(tree: DirNode, { lower, upper }: Workspace, owners: ReadonlyMap<string, Owner>): void {
  for (const [path, { uid, gid }] of owners) {
    const node = lookup(tree, path);
    if (!node) continue;
    const below = join(lower, path);
    if (node.kind === "dir") {
      node.meta = { ...node.meta, uid, gid };
      changeOwner(below, uid, gid, node.meta.mode);
    } else if (lstatSync(below, { throwIfNoEntry: false })) {
      put(tree, path, ownFile(node, below, uid, gid));
    }
    // What %pre scriptlets copied up hides what is below.
    const above = lstatSync(join(upper, path), { throwIfNoEntry: false });
    if (above && !above.isCharacterDevice()) changeOwner(join(upper, path), uid, gid, above.mode);
  }
}

/** chown clears the setuid bits: the mode comes after it. */
function changeOwner(path: string, uid: number, gid: number, mode: number): void {
  lchownSync(path, uid, gid);
  if ((mode & 0o170000) !== 0o120000) chmodSync(path, mode & 0o7777);
}

function ownFile({ header }: FileNode, path: string, uid: number, gid: number): FileNode {
  const own = { ...header, uid, gid };
  const size = lstatSync(path).size;
  if (header.symlink === "") {
    const copy = `${path}.atomic-owned`;
    copyFileSync(path, copy);
    renameSync(copy, path);
  } else {
    rmSync(path);
    symlinkSync(header.symlink, path);
  }
  changeOwner(path, uid, gid, header.mode);
  for (const { name, value } of header.xattrs) setXattr(path, name, value);
  return { kind: "file", header: own, source: { type: "path", path, size } };
}
