// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setXattr, unlessErrno } from "../base/index.ts";
import { type DirNode, type FileNode, type TreeNode, untouchedOrigin } from "../ostree/index.ts";
import { readNode } from "./tree.ts";

export interface MaterializeOptions {
  /** The files are to be written to: none is shared with a repository. */
  readonly copy?: boolean;
  /** Files that lie on the same file system, with the attributes they are to have, get a second name there. */
  readonly link?: boolean;
}

/**
 * Writes a tree into an empty directory. Unless they are to be copies, files that are objects of a bare repository on the
 * same file system become hardlinks to them: nothing may write there afterwards but through an overlay.
 */
export function materialize(tree: DirNode, directory: string, options: MaterializeOptions = {}): void {
  for (const [name, node] of tree.entries) materializeNode(node, join(directory, name), options);
  const { uid, gid, mode, xattrs } = tree.meta;
  chownSync(directory, uid, gid);
  chmodSync(directory, mode & 0o7777);
  for (const { name, value } of xattrs) setXattr(directory, name, value);
}

/** Writes one node, which must not be there yet. */
export function materializeNode(node: TreeNode, path: string, options: MaterializeOptions = {}): void {
  if (node.kind === "file") {
    writeNode(node, path, options);
    return;
  }
  mkdirSync(path, 0o700);
  materialize(node, path, options);
}

function writeNode(node: FileNode, path: string, { copy = false, link = false }: MaterializeOptions): void {
  const { source } = node;
  if (link && source.type === "path" && untouchedOrigin(node) !== undefined) {
    linkSync(source.path, path);
    return;
  }
  const { header } = node;
  const object =
    source.type === "object" && source.repo.mode === "bare"
      ? source.repo.objectPath(source.checksum, "file")
      : undefined;
  // A layer's repository may be on another file system than the packages'.
  if (object !== undefined && !copy && unlessErrno(["EXDEV"], () => [linkSync(object, path)]) !== undefined) return;
  if (header.symlink !== "") {
    symlinkSync(header.symlink, path);
    lchownSync(path, header.uid, header.gid);
    return;
  }
  const from = source.type === "path" ? source.path : object;
  if (from !== undefined) copyFileSync(from, path, constants.COPYFILE_FICLONE);
  else writeFileSync(path, readNode(node));
  chownSync(path, header.uid, header.gid);
  chmodSync(path, header.mode & 0o7777);
  for (const { name, value } of header.xattrs) setXattr(path, name, value);
}
