// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lchownSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setXattr, unlessErrno } from "../base/index.ts";
import type { DirNode, FileNode, TreeNode } from "../ostree/index.ts";
import { readNode } from "./tree.ts";

/**
 * Writes a tree into an empty directory. Files that are objects of a bare repository on the same file system become
 * hardlinks to them: nothing may write there afterwards but through an overlay.
 */
export function materialize(tree: DirNode, directory: string): void {
  for (const [name, node] of tree.entries) materializeNode(node, join(directory, name));
  const { uid, gid, mode, xattrs } = tree.meta;
  chownSync(directory, uid, gid);
  chmodSync(directory, mode & 0o7777);
  for (const { name, value } of xattrs) setXattr(directory, name, value);
}

/** Writes one node, which must not be there yet. */
export function materializeNode(node: TreeNode, path: string): void {
  if (node.kind === "file") {
    writeNode(node, path);
    return;
  }
  mkdirSync(path, 0o700);
  materialize(node, path);
}

function writeNode(node: FileNode, path: string): void {
  const { header, source } = node;
  if (source.type === "object" && source.repo.mode === "bare") {
    const object = source.repo.objectPath(source.checksum, "file");
    // A layer's repository may be on another file system than the packages'.
    if (unlessErrno(["EXDEV"], () => [linkSync(object, path)]) !== undefined) return;
  }
  if (header.symlink !== "") {
    symlinkSync(header.symlink, path);
    lchownSync(path, header.uid, header.gid);
    return;
  }
  if (source.type === "path") copyFileSync(source.path, path);
  else writeFileSync(path, readNode(node));
  chownSync(path, header.uid, header.gid);
  chmodSync(path, header.mode & 0o7777);
  for (const { name, value } of header.xattrs) setXattr(path, name, value);
}
