// SPDX-License-Identifier: Apache-2.0
/**
 * What makes a tree a composefs: overlayfs finds the content of its files by attributes, in a layer below
 * (libcomposefs lcfs-writer-erofs.c: rewrite_tree_for_erofs).
 */
import { byteString, type ByteString, type ImageNode, ImageNode as Node, type NodeInfo, nodeType } from "./model.ts";
import type { XattrTable } from "./xattrs.ts";
import { formatError } from "../errors.ts";

const overlayPrefix = "trusted.overlay.";
const escapedPrefix = "trusted.overlay.overlay.";
const nothing = new Uint8Array();
/** LCFS_INODE_EXTERNAL_XATTR_MAX: the image's own attributes must have room beside these. */
const xattrLimit = 32767;
const nameLimit = 255;

/** Gives a node the attributes that its file has; one named twice has the later value (lcfs_node_set_xattr). */
export function setFileXattrs(table: XattrTable, node: ImageNode, xattrs: NodeInfo["xattrs"]): void {
  let size = 12;
  for (const { name, value } of xattrs) {
    size += 7 + Buffer.byteLength(name) + value.length;
    if (size > xattrLimit || Buffer.byteLength(name) > nameLimit) {
      throw formatError("composefs", `Setting composefs xattrs for ${name}: Numerical result out of range`);
    }
    // An image that is mounted by overlayfs shall show these, not obey them.
    const inner = name.startsWith(overlayPrefix) ? escapedPrefix + name.slice(overlayPrefix.length) : name;
    setXattr(table, node, inner, value);
  }
}

function setXattr(table: XattrTable, node: ImageNode, name: string, value: Uint8Array): void {
  const wanted = byteString(name);
  const others = node.xattrs.some((xattr) => xattr.name === wanted)
    ? node.xattrs.filter((xattr) => xattr.name !== wanted)
    : node.xattrs;
  node.xattrs = [...others, table.get(name, value)];
}

/** Prepares a tree of nodes with their files' attributes. @returns whether it has whiteouts */
export function overlay(table: XattrTable, root: ImageNode): boolean {
  let whiteouts = false;
  const directories = [root];
  for (let at = 0; at < directories.length; at++) {
    const parent = directories[at]!;
    for (const { node } of parent.entries ?? []) {
      if (node.type === nodeType.directory) directories.push(node);
      else if (node.type === nodeType.regular) refer(table, node);
      else if (node.type === nodeType.characterDevice && node.device === 0) {
        escapeWhiteout(table, node, parent);
        whiteouts = true;
      }
    }
  }
  setXattr(table, root, `${overlayPrefix}opaque`, Buffer.from("y"));
  hideBackingFiles(root);
  return whiteouts;
}

/** Where the content of a regular file is, and how it is verified. */
function refer(table: XattrTable, node: ImageNode): void {
  if (node.size === 0 || node.content) return;
  const { digest, payload } = node;
  // struct ovl_metacopy: version, length, flags, FS_VERITY_HASH_ALG_SHA256
  const metacopy = digest ? Buffer.concat([Buffer.from([0, 4 + digest.length, 0, 1]), digest]) : nothing;
  setXattr(table, node, `${overlayPrefix}metacopy`, metacopy);
  if (payload) setXattr(table, node, `${overlayPrefix}redirect`, Buffer.from(`/${payload}`, "latin1"));
}

/** A whiteout of the tree is a file with marks, both for privileged mounts and for those of users. */
function escapeWhiteout(table: XattrTable, node: ImageNode, parent: ImageNode): void {
  node.mode = nodeType.regular | (node.mode & ~nodeType.mask);
  node.size = 0;
  for (const prefix of [escapedPrefix, "user.overlay."]) {
    setXattr(table, node, `${prefix}whiteout`, nothing);
    setXattr(table, parent, `${prefix}whiteouts`, nothing);
    setXattr(table, parent, `${prefix}opaque`, Buffer.from("x"));
  }
}

/** add_overlay_whiteouts: the directories of the layer below, `00` to `ff`, must not be seen. */
function hideBackingFiles(root: ImageNode): void {
  const names = new Set((root.entries ??= []).map(({ name }) => name));
  const label = root.xattrs.filter(({ name }) => name === "security.selinux");
  for (let number = 0; number < 256; number++) {
    const name = number.toString(16).padStart(2, "0") as ByteString;
    if (names.has(name)) continue;
    const node = new Node({ mode: nodeType.characterDevice | 0o644, uid: root.uid, gid: root.gid });
    node.xattrs = label;
    root.entries.push({ name, node });
  }
}
