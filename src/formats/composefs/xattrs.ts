// SPDX-License-Identifier: Apache-2.0
/** Extended attributes in an EROFS image: in each inode, or once for all that have the same (erofs_fs.h). */
import { xxh32 } from "../xxh32.ts";
import { byteString, type ByteString, type ImageNode } from "./model.ts";

/** A name and a value; inodes with the same share one of these. */
export interface ImageXattr {
  readonly name: ByteString;
  readonly value: Uint8Array;
  uses: number;
  /** Bytes from the start of the shared ones, or -1. */
  sharedOffset: number;
}

/** xattr_erofs_entry_index: the usual beginnings of names are stored as numbers. */
const prefixes = [
  ["user.", 1],
  ["system.posix_acl_access", 2],
  ["system.posix_acl_default", 3],
  ["trusted.", 4],
  ["security.", 6],
] as const;

export function splitName(name: ByteString): { index: number; suffix: ByteString } {
  const found = prefixes.find(([prefix]) => name.startsWith(prefix));
  return found ? { index: found[1], suffix: name.slice(found[0].length) as ByteString } : { index: 0, suffix: name };
}

const entryHead = 4;
export const xattrHeadSize = 12;
/** h_shared_count has eight bits, the highest of which means something else elsewhere (EROFS_XATTR_LONG_PREFIX). */
const sharedLimit = 128;

export function xattrEntrySize({ name, value }: ImageXattr): number {
  return (entryHead + splitName(name).suffix.length + value.length + 3) & ~3;
}

/** All attributes of an image. */
export class XattrTable {
  readonly #known = new Map<string, ImageXattr>();
  /** Those that are stored once, in the order of the image. */
  readonly shared: ImageXattr[] = [];
  sharedSize = 0;

  /** The one attribute with this name and value. */
  get(name: string, value: Uint8Array): ImageXattr {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const key = `${name}\0${bytes.toString("latin1")}`;
    let found = this.#known.get(key);
    if (!found) this.#known.set(key, (found = { name: byteString(name), value, uses: 0, sharedOffset: -1 }));
    return found;
  }

  /** compute_erofs_shared_xattrs: what more than one inode has is shared. */
  share(nodes: readonly ImageNode[]): void {
    for (const { xattrs } of nodes) for (const xattr of xattrs) xattr.uses++;
    for (const xattr of this.#known.values()) if (xattr.uses > 1) this.shared.push(xattr);
    this.shared.sort(sharedOrder);
    for (const xattr of this.shared) {
      xattr.sharedOffset = this.sharedSize;
      this.sharedSize += xattrEntrySize(xattr);
    }
  }
}

/** xattrs_ht_sort: backwards by name, then by length, then by value. */
function sharedOrder(a: ImageXattr, b: ImageXattr): number {
  if (a.name !== b.name) return a.name < b.name ? 1 : -1;
  return b.value.length - a.value.length || Buffer.compare(b.value, a.value);
}

/** The attributes of one inode, apart: shared ones and its own. Each in the order of names, which is the inode's. */
export function partitionXattrs({ xattrs }: ImageNode): { shared: ImageXattr[]; own: ImageXattr[] } {
  const [shared, own]: [ImageXattr[], ImageXattr[]] = [[], []];
  for (const xattr of xattrs) (xattr.sharedOffset >= 0 && shared.length < sharedLimit ? shared : own).push(xattr);
  return { shared, own };
}

/** Bytes after an inode that its attributes take. */
export function xattrAreaSize(node: ImageNode): number {
  if (node.xattrs.length === 0) return 0;
  const { shared, own } = partitionXattrs(node);
  return own.reduce((sum, xattr) => sum + xattrEntrySize(xattr), xattrHeadSize + 4 * shared.length);
}

const filterSeed = 0x25bbe08f;
const filterBits = new Map<ByteString, number>();
const filterBitsLimit = 10_000;

function filterBit(name: ByteString): number {
  let bit = filterBits.get(name);
  if (bit === undefined) {
    const { index, suffix } = splitName(name);
    bit = xxh32(Buffer.from(suffix, "latin1"), filterSeed + index) & 31;
    if (filterBits.size < filterBitsLimit) filterBits.set(name, bit);
  }
  return bit;
}

/** A bloom filter: a bit that is set says that there is no attribute with such a name. */
export function xattrFilter({ xattrs }: ImageNode): number {
  let present = 0;
  for (const { name } of xattrs) present |= 1 << filterBit(name);
  return ~present >>> 0;
}
