// SPDX-License-Identifier: Apache-2.0
/**
 * Writing a composefs image: an EROFS file system of metadata only (Linux fs/erofs/erofs_fs.h). Byte for byte what
 * libcomposefs 1.0 writes (lcfs_write_to), for the image's fs-verity digest names a tree.
 */
import { formatError } from "../errors.ts";
import {
  blockSize,
  chunkBits,
  chunkCount,
  direntSize,
  layOut,
  type Layout,
  roundUp,
  slotSize,
  superblockOffset,
  superblockSize,
} from "./layout.ts";
import { type DirectoryEntry, type ImageNode, nodeType } from "./model.ts";
import { ImageOutput } from "./output.ts";
import { overlay } from "./overlay.ts";
import { type ImageXattr, partitionXattrs, splitName, xattrFilter, type XattrTable } from "./xattrs.ts";

const composefsMagic = 0xd078629a;
const erofsMagic = 0xe0f5e1e2;
const hasAclFlag = 1;
/** EROFS_FEATURE_COMPAT_MTIME and EROFS_FEATURE_COMPAT_XATTR_FILTER */
const compatibleFeatures = 0x2 | 0x4;
const dataLayout = { plain: 0, inline: 2, chunks: 4 } as const;
/** EROFS_NULL_ADDR: a hole. */
const nullAddress = 0xffffffff;

/**
 * Writes the image of a tree, which is used up by it.
 * @param table that the attributes of the nodes come from
 * @param sink is given the image in pieces; they must be used before it returns
 */
export function writeComposefsImage(root: ImageNode, table: XattrTable, sink: (piece: Uint8Array) => void): void {
  const whiteouts = overlay(table, root);
  const layout = layOut(root, table);
  new ImageWriter(layout, table, new ImageOutput(sink)).write(root, whiteouts ? 1 : 0);
}

class ImageWriter {
  readonly #layout: Layout;
  readonly #table: XattrTable;
  readonly #out: ImageOutput;
  /** First block that no node has yet. */
  #nextBlock: number;

  constructor(layout: Layout, table: XattrTable, out: ImageOutput) {
    this.#layout = layout;
    this.#table = table;
    this.#out = out;
    this.#nextBlock = roundUp(layout.inodesEnd + table.sharedSize, blockSize) / blockSize;
  }

  write(root: ImageNode, version: number): void {
    const out = this.#out;
    this.#heads(root, version);
    for (const [number, node] of this.#layout.nodes.entries()) this.#inode(node, number);
    out.align(slotSize);
    for (const xattr of this.#table.shared) this.#xattr(xattr);
    out.align(blockSize);
    for (const node of this.#layout.nodes) this.#dataBlocks(node);
    out.end();
  }

  /** lcfs_erofs_header_s and erofs_super_block */
  #heads(root: ImageNode, version: number): void {
    const out = this.#out;
    out
      .u32(composefsMagic)
      .u32(1)
      .u32(this.#hasAcl() ? hasAclFlag : 0)
      .u32(version);
    out.zeros(superblockOffset - 16);
    out.u32(erofsMagic).u32(0).u32(compatibleFeatures).u8(12).u8(0).u16(root.nid);
    out
      .u64(this.#layout.nodes.length)
      .u64(0)
      .u32(0)
      .u32(this.#nextBlock + this.#layout.dataBlocks);
    out.u32(0).u32(Math.floor(this.#layout.inodesEnd / blockSize));
    out.zeros(superblockSize - 48);
  }

  #hasAcl(): boolean {
    const isAcl = ({ name }: ImageXattr) => name === "system.posix_acl_access" || name === "system.posix_acl_default";
    return this.#layout.nodes.some(({ xattrs }) => xattrs.some(isAcl));
  }

  #inode(node: ImageNode, number: number): void {
    this.#out.zeros(node.padding);
    const chunked = isBacked(node);
    const layout = chunked ? dataLayout.chunks : node.tail > 0 ? dataLayout.inline : dataLayout.plain;
    const format = (layout << 1) | (node.compact ? 0 : 1);
    const union = this.#union(node, chunked);
    if (node.compact) this.#compactInode(node, number, format, union);
    else this.#extendedInode(node, number, format, union);
    this.#xattrs(node);
    this.#tail(node);
  }

  /** erofs_inode_i_u: first block, device number, or format of chunks. */
  #union(node: ImageNode, chunked: boolean): number {
    if (node.type === nodeType.characterDevice || node.type === nodeType.blockDevice) return node.device;
    const first = node.blocks > 0 ? this.#nextBlock : 0;
    this.#nextBlock += node.blocks;
    return chunked ? ((first & 0xffff0000) | chunkBits(node.size)) >>> 0 : first;
  }

  #compactInode(node: ImageNode, number: number, format: number, union: number): void {
    const out = this.#out;
    out.u16(format).u16(xattrCount(node)).u16(node.mode).u16(node.links);
    out.u32(dataSize(node)).u32(0).u32(union);
    out.u32(number).u16(node.uid).u16(node.gid).u32(0);
  }

  #extendedInode(node: ImageNode, number: number, format: number, union: number): void {
    const out = this.#out;
    out.u16(format).u16(xattrCount(node)).u16(node.mode).u16(0);
    out.u64(dataSize(node)).u32(union);
    out.u32(number).u32(node.uid).u32(node.gid).u64(0).u32(0).u32(node.links);
    out.zeros(16);
  }

  #xattrs(node: ImageNode): void {
    if (node.xattrSize === 0) return;
    const { shared, own } = partitionXattrs(node);
    this.#out.u32(xattrFilter(node)).u8(shared.length).zeros(7);
    const base = this.#layout.inodesEnd % blockSize;
    for (const { sharedOffset } of shared) this.#out.u32((base + sharedOffset) / 4);
    for (const xattr of own) this.#xattr(xattr);
  }

  #xattr({ name, value }: ImageXattr): void {
    const { index, suffix } = splitName(name);
    // An escaped name can be longer than the field says.
    if (suffix.length > 255) throw formatError("composefs", `the attribute name ${name} is too long`);
    this.#out.u8(suffix.length).u8(index).u16(value.length).text(suffix).bytes(value).align(4);
  }

  #tail(node: ImageNode): void {
    if (node.tail === 0) return;
    if (node.entries) this.#dirents(blocksOf(node.entries).at(-1)!);
    else if (node.type === nodeType.symlink) this.#out.text(node.payload!);
    else if (node.content) this.#out.bytes(node.content.subarray(node.size - node.tail));
    else this.#holes(chunkCount(node.size));
  }

  #holes(count: number): void {
    for (let chunk = 0; chunk < count; chunk++) this.#out.u32(nullAddress);
  }

  #dataBlocks(node: ImageNode): void {
    if (node.blocks === 0) return;
    if (node.entries) {
      for (const entries of blocksOf(node.entries).slice(0, node.blocks)) {
        this.#dirents(entries);
        this.#out.align(blockSize);
      }
    } else if (node.payload && node.type === nodeType.symlink) this.#out.text(node.payload).align(blockSize);
    else if (node.content) this.#out.bytes(node.content.subarray(0, blockSize)).align(blockSize);
    else this.#holes(blockSize / 4);
  }

  #dirents(entries: readonly DirectoryEntry[]): void {
    let nameOffset = entries.length * direntSize;
    for (const { name, node } of entries) {
      this.#out.u64(node.nid).u16(nameOffset).u8(direntType(node)).u8(0);
      nameOffset += name.length;
    }
    for (const { name } of entries) this.#out.text(name);
  }
}

function isBacked(node: ImageNode): boolean {
  return node.type === nodeType.regular && node.size > 0 && !node.content;
}

function dataSize(node: ImageNode): number {
  if (node.entries) return node.blocks * blockSize + node.tail;
  return node.type === nodeType.regular || node.type === nodeType.symlink ? node.size : 0;
}

/** The 12 bytes of the header count as one, what follows in units of four bytes. */
function xattrCount({ xattrSize }: ImageNode): number {
  return xattrSize === 0 ? 0 : (xattrSize - 12) / 4 + 1;
}

/** Entries that stand in one block. */
function blocksOf(entries: readonly DirectoryEntry[]): DirectoryEntry[][] {
  const blocks: DirectoryEntry[][] = [];
  let filled = blockSize;
  for (const entry of entries) {
    const size = direntSize + entry.name.length;
    if (filled + size > blockSize) {
      blocks.push([]);
      filled = 0;
    }
    blocks.at(-1)!.push(entry);
    filled += size;
  }
  return blocks;
}

const direntTypes = new Map<number, number>([
  [nodeType.regular, 1],
  [nodeType.directory, 2],
  [nodeType.characterDevice, 3],
  [nodeType.blockDevice, 4],
  [nodeType.fifo, 5],
  [nodeType.socket, 6],
  [nodeType.symlink, 7],
]);

function direntType(node: ImageNode): number {
  return direntTypes.get(node.type) ?? 0;
}
