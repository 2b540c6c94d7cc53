// SPDX-License-Identifier: Apache-2.0
/** Where everything in the image goes (libcomposefs lcfs-writer-erofs.c: lcfs_compute_tree, compute_erofs_inodes). */
import { type ByteString, type DirectoryEntry, type ImageNode, nodeType } from "./model.ts";
import { formatError } from "../errors.ts";
import { xattrAreaSize, type XattrTable } from "./xattrs.ts";

export const blockSize = 4096;
/** Inodes begin at multiples of this. */
export const slotSize = 32;
export const superblockOffset = 1024;
export const superblockSize = 128;
export const direntSize = 12;

export interface Layout {
  /** Breadth first, as they stand in the image; an inode's number is its place in here. */
  readonly nodes: readonly ImageNode[];
  /** End of the inodes: the shared attributes follow. */
  readonly inodesEnd: number;
  readonly dataBlocks: number;
}

const dot = "." as ByteString;
const dotDot = ".." as ByteString;

export function isDot(name: ByteString): boolean {
  return name === dot || name === dotDot;
}

export function layOut(root: ImageNode, table: XattrTable): Layout {
  const nodes = numberNodes(root);
  table.share(nodes);
  let position = superblockOffset + superblockSize;
  let dataBlocks = 0;
  for (const node of nodes) {
    position = place(node, position);
    dataBlocks += node.blocks;
  }
  return { nodes, inodesEnd: roundUp(position, slotSize), dataBlocks };
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function numberNodes(root: ImageNode): ImageNode[] {
  const nodes = [root];
  const parents = [root];
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at]!;
    node.xattrs.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (!node.entries) continue;
    finishDirectory(node, parents[at]!);
    for (const entry of node.entries) {
      if (isDot(entry.name)) continue;
      nodes.push(entry.node);
      parents.push(node);
    }
  }
  return nodes;
}

/** Entries in the order of strcmp, with `.` and `..`, which are not the first when names begin with `!` or `-`. */
function finishDirectory(node: ImageNode, parent: ImageNode): void {
  const entries = node.entries!;
  const directories = entries.filter((entry) => entry.node.type === nodeType.directory).length;
  node.links = 2 + directories;
  entries.push({ name: dot, node }, { name: dotDot, node: parent });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Decides where a node begins. @returns where it ends */
function place(node: ImageNode, end: number): number {
  measure(node);
  const dataSize = node.entries ? node.blocks * blockSize + node.tail : node.size;
  node.compact = node.links <= 0xffff && node.uid <= 0xffff && node.gid <= 0xffff && dataSize <= 0xffffffff;
  node.xattrSize = xattrAreaSize(node);
  const aligned = roundUp(end, slotSize);
  const headSize = inodeSize(node) + node.xattrSize;
  const start = aligned + paddingForTail(node, aligned, headSize);
  node.padding = start - end;
  node.nid = start / slotSize;
  return start + headSize + node.tail;
}

export function inodeSize(node: ImageNode): number {
  return node.compact ? 32 : 64;
}

/** compute_erofs_inode_size: what of the data is in blocks, and what follows the inode. */
function measure(node: ImageNode): void {
  if (node.entries) measureDirectory(node, node.entries);
  else if (node.type === nodeType.symlink) node.tail = node.payload!.length;
  else if (node.type !== nodeType.regular || node.size === 0) return;
  else if (node.content) inBlocks(node, Math.floor(node.size / blockSize), node.size % blockSize);
  else node.tail = 4 * chunkCount(node.size);
}

/** More than half a block is a block. */
function inBlocks(node: ImageNode, blocks: number, rest: number): void {
  const whole = rest > blockSize / 2;
  node.blocks = blocks + (whole ? 1 : 0);
  node.tail = whole ? 0 : rest;
}

function measureDirectory(node: ImageNode, entries: readonly DirectoryEntry[]): void {
  let blocks = 0;
  let filled = 0;
  for (const { name } of entries) {
    const size = direntSize + name.length;
    if (filled + size > blockSize) {
      blocks++;
      filled = 0;
    }
    filled += size;
  }
  inBlocks(node, blocks, filled);
}

/** EROFS_CHUNK_FORMAT_BLKBITS_MASK */
const largestChunkBits = 31;
/** LCFS_MAX_NONINLINE_CHUNKS */
const chunkLimit = 1024;

/** Size of the chunks of a file without content, as the power of two of blocks: as few chunks as can be. */
export function chunkBits(size: number): number {
  const bits = size <= 1 ? 0 : Math.ceil(Math.log2(size));
  return Math.min(Math.max(bits - 12, 0), largestChunkBits);
}

export function chunkCount(size: number): number {
  const count = Math.ceil(size / (blockSize * 2 ** chunkBits(size)));
  if (count > chunkLimit) throw formatError("composefs", "lcfs_write_to: File too large");
  return count;
}

/** compute_erofs_inode_padding_for_tail: a tail must not cross the border of a block; nor a symlink's inode. */
function paddingForTail(node: ImageNode, start: number, headSize: number): number {
  const toNextBlock = roundUp(start, blockSize) - start;
  if (node.type === nodeType.symlink) {
    const total = headSize + node.tail;
    if (total >= blockSize) withoutTail(node);
    return Math.floor(start / blockSize) === Math.floor((start + total - 1) / blockSize) ? 0 : toNextBlock;
  }
  const left = roomAfter(start + headSize);
  if (left >= node.tail) return 0;
  const padding = roundUp(left, slotSize);
  if (node.tail <= roomAfter(start + headSize + padding)) return padding;
  withoutTail(node);
  return toNextBlock;
}

function roomAfter(position: number): number {
  return blockSize - (position % blockSize);
}

function withoutTail(node: ImageNode): void {
  node.blocks++;
  node.tail = 0;
}
