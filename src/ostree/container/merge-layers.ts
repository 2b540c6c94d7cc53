// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import { directoryDepthLimit, fileType } from "../model.ts";
import { ostreeError } from "../errors.ts";
import { treePolicy } from "../selinux/policy.ts";
import type { Transaction } from "../transaction.ts";
import { type DirNode, findNode, type FileNode, newDirectory, openTree, type TreeNode } from "../tree.ts";
import { type WrittenTree, writeTree } from "../write-tree.ts";

/** A name with this before it is gone from the layers below (image-spec, layer.md, "Whiteouts"). */
const whiteout = ".wh.";
/** All that the layers below have in the directory is gone. */
const opaque = ".wh..wh..opq";

/**
 * Lays layers over the commit of the image, or over nothing, and labels the result by the SELinux policy that it has then
 * (`write_merge_commit_impl`).
 * @param commits the lowest first
 */
export async function mergeLayers(
  transaction: Transaction,
  commits: readonly string[],
  progress: ProgressListener,
): Promise<WrittenTree> {
  const { repo } = transaction;
  const [base, ...others] = commits.map((commit) => openTree(repo, commit));
  const root = newDirectory();
  for (const layer of [base!, ...others]) layOver(root, layer, 0);
  root.meta = base!.meta;
  dropInjected(root);
  const label = treePolicy(root);
  return writeTree(repo, root, { transaction, ...(label === undefined ? {} : { label }) }, progress);
}

/**
 * A directory that is there keeps its owner and mode, as in a checkout of libostree (`--union`): many layers name their
 * parent directories with no care for these.
 */
function layOver(lower: DirNode, upper: DirNode, depth: number): void {
  if (depth > directoryDepthLimit) throw ostreeError("image-content", "directories of the image are nested too deep");
  const names = [...upper.entries.keys()];
  if (names.includes(opaque)) lower.entries.clear();
  for (const name of names) if (name.startsWith(whiteout)) lower.entries.delete(name.slice(whiteout.length));
  for (const [name, node] of upper.entries) {
    if (!name.startsWith(whiteout)) lower.entries.set(name, merged(lower.entries.get(name), node, depth));
  }
}

function merged(below: TreeNode | undefined, node: TreeNode, depth: number): TreeNode {
  if (node.kind === "file") return node;
  const directory: DirNode = below?.kind === "dir" ? below : { kind: "dir", meta: node.meta, entries: new Map() };
  layOver(directory, node, depth + 1);
  return directory;
}

/** Empty files that engines leave where they mount their own while a container is built (`cleanup_root`). */
function dropInjected(root: DirNode): void {
  const etc = findNode(root, "usr/etc");
  if (etc?.kind !== "dir") return;
  for (const name of ["hostname", "resolv.conf"]) {
    const node = etc.entries.get(name);
    if (node?.kind === "file" && isEmptyFile(node)) etc.entries.delete(name);
  }
}

function isEmptyFile({ header, source }: FileNode): boolean {
  if ((header.mode & fileType.mask) !== fileType.regular || source.type !== "object") return false;
  return source.repo.loadFile(source.checksum).size === 0;
}
