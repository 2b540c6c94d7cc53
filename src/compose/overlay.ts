// SPDX-License-Identifier: Apache-2.0
/** Reads what programs changed in an overlay and applies it to the in-memory tree that the overlay lay upon. */
import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { readXattrs, type Xattr } from "../base/index.ts";
import type { DirNode, FileNode } from "../ostree/index.ts";
import { composeError } from "./errors.ts";
import { makeDirectoryNode } from "./tree.ts";

const typeMask = 0o170000;
const types = { regular: 0o100000, directory: 0o040000, symlink: 0o120000, character: 0o020000 };

/**
 * Applies the directory `upper` to `tree` (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque
 * directories"): a character device 0:0 removes a name, an opaque directory hides all that was below it.
 */
export function applyUpper(tree: DirNode, upper: string): void {
  for (const name of readdirSync(upper).sort()) {
    const path = join(upper, name);
    const stat = lstatSync(path);
    const type = stat.mode & typeMask;
    if (type === types.character && stat.rdev === 0) tree.entries.delete(name);
    else if (type === types.directory) applyDirectory(tree, name, path, stat);
    else if (type === types.regular || type === types.symlink) tree.entries.set(name, fileNode(path, stat));
    // Sockets and FIFOs that a script left behind are of no use in a commit, which cannot hold them.
  }
}

function applyDirectory(parent: DirNode, name: string, path: string, stat: Stats): void {
  const xattrs = readXattrs(path);
  const opaque = xattrs.some((xattr) => xattr.name === "trusted.overlay.opaque" && xattr.value[0] === 0x79);
  if (xattrs.some((xattr) => xattr.name === "trusted.overlay.redirect")) {
    throw composeError("step-failed", `${path}: the overlay renamed a directory in a way that cannot be read back`);
  }
  const meta = { uid: stat.uid, gid: stat.gid, mode: stat.mode, xattrs: kept(xattrs) };
  const below = parent.entries.get(name);
  const node = below?.kind === "dir" && !opaque ? below : makeDirectoryNode(meta);
  node.meta = meta;
  parent.entries.set(name, node);
  applyUpper(node, path);
}

function fileNode(path: string, stat: Stats): FileNode {
  const symlink = stat.isSymbolicLink() ? readlinkSync(path) : "";
  const header = { uid: stat.uid, gid: stat.gid, mode: stat.mode, symlink, xattrs: kept(readXattrs(path)) };
  return { kind: "file", header, source: { type: "path", path, size: stat.size } };
}

/** Attributes that belong to the file: not the overlay's own, and no label of this machine's policy. */
function kept(xattrs: readonly Xattr[]): Xattr[] {
  return xattrs
    .filter(({ name }) => !name.startsWith("trusted.overlay.") && name !== "security.selinux")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
