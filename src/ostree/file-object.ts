// SPDX-License-Identifier: Apache-2.0
/**
 * The metadata part of content objects (libostree ostree-core.c: _ostree_file_header_new, _ostree_zlib_file_header_new,
 * create_file_metadata). Integers are big-endian inside the variants, against GVariant's own rule.
 */
import type { Xattr } from "../base/index.ts";
import { type GVariantValue, readGVariant, writeGVariant } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { type FileHeader, fileType, isSymlinkMode } from "./model.ts";

export function swap32(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

export function swap64(value: bigint): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, value);
  return view.getBigUint64(0, true);
}

/** Attribute names are byte strings with their NUL: `a(ayay)`. The order given is kept. */
export function xattrsToVariant(xattrs: readonly Xattr[]): GVariantValue {
  return xattrs.map(({ name, value }) => [Buffer.from(`${name}\0`), value]);
}

export function xattrsFromVariant(value: GVariantValue, what: string): Xattr[] {
  return (value as [Uint8Array, Uint8Array][]).map(([name, value]) => {
    if (name.length < 2 || name.indexOf(0) !== name.length - 1) {
      throw ostreeError("corrupt-object", `${what}: a malformed extended attribute name`);
    }
    return { name: Buffer.from(name.subarray(0, -1)).toString(), value };
  });
}

/** Every entry is looked at, and none may stand twice or out of order (_ostree_validate_structureof_xattrs). */
export function checkXattrOrder(xattrs: readonly Xattr[], what: string): void {
  for (const [index, { name }] of xattrs.entries()) {
    const previous = xattrs[index - 1]?.name;
    if (previous === undefined) continue;
    const order = Buffer.compare(Buffer.from(previous), Buffer.from(name));
    if (order === 0) throw ostreeError("corrupt-object", `${what}: Duplicate xattr name, index=${index}`);
    if (order > 0) {
      const detail = `Incorrectly sorted xattr name (prev=${previous}, cur=${name}), index=${index}`;
      throw ostreeError("corrupt-object", `${what}: ${detail}`);
    }
  }
}

/**
 * Attributes as they are hashed: sorted by name (_ostree_canonicalize_xattrs), and without those that are empty, which
 * libostree does not see when it reads a file.
 */
export function canonicalXattrs(xattrs: readonly Xattr[]): readonly Xattr[] {
  const filled = xattrs.every(({ value }) => value.length > 0)
    ? xattrs
    : xattrs.filter(({ value }) => value.length > 0);
  if (filled.length < 2) return filled;
  return filled.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

const headerType = "(uuuusa(ayay))";
const archiveHeaderType = "(tuuuusa(ayay))";
const userMetaType = "(uuua(ayay))";
/** An attribute list and a symlink target fit; a larger header is an attack on memory. */
const headerLimit = 16 << 20;

function lengthPrefixed(variant: Buffer): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(variant.length);
  return Buffer.concat([prefix, variant]);
}

function headerFields({ uid, gid, mode, symlink, xattrs }: FileHeader): GVariantValue[] {
  return [swap32(uid), swap32(gid), swap32(mode), 0, symlink, xattrsToVariant(xattrs)];
}

/** The bytes that are hashed before the content. */
export function encodeFileHeader(header: FileHeader): Buffer {
  if (header.xattrs.length > 0) return lengthPrefixed(writeGVariant(headerType, headerFields(header)));
  return encodePlainHeader(header);
}

/** Without attributes the variant is four integers, the target and one framing offset; most files are so. */
function encodePlainHeader({ uid, gid, mode, symlink }: FileHeader): Buffer {
  const target = Buffer.byteLength(symlink);
  const body = 16 + target + 1;
  if (body + 1 > 0xff) {
    return lengthPrefixed(writeGVariant(headerType, headerFields({ uid, gid, mode, symlink, xattrs: [] })));
  }
  const bytes = Buffer.alloc(8 + body + 1);
  bytes.writeUInt32BE(body + 1, 0);
  bytes.writeUInt32BE(uid, 8);
  bytes.writeUInt32BE(gid, 12);
  bytes.writeUInt32BE(mode, 16);
  bytes.write(symlink, 24);
  bytes.writeUInt8(body, 8 + body);
  return bytes;
}

/** What a `.filez` object begins with. @param size of the uncompressed content */
export function encodeArchiveHeader(header: FileHeader, size: number): Buffer {
  return lengthPrefixed(writeGVariant(archiveHeaderType, [swap64(BigInt(size)), ...headerFields(header)]));
}

/**
 * Reads the head of a `.filez` object.
 * @param bytes the object, or as much of its beginning as holds the header
 * @returns header, size of the uncompressed content, and where the raw deflate data begins
 */
export function decodeArchiveHeader(
  bytes: Uint8Array,
  what: string,
): { header: FileHeader; size: number; contentOffset: number } {
  const contentOffset = 8 + archiveHeaderLength(bytes, what);
  if (bytes.length < contentOffset) throw ostreeError("corrupt-object", `${what}: truncated header`);
  const fields = readGVariant(archiveHeaderType, bytes.subarray(8, contentOffset), what) as GVariantValue[];
  const size = swap64(fields[0] as bigint);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw ostreeError("corrupt-object", `${what}: absurd size ${size}`);
  return { header: headerFromFields(fields.slice(1), what), size: Number(size), contentOffset };
}

/** Length in bytes of the variant that follows the 8 bytes at the start of a content stream or `.filez` object. */
export function archiveHeaderLength(bytes: Uint8Array, what: string): number {
  if (bytes.length < 8) throw ostreeError("corrupt-object", `${what}: truncated header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const length = view.getUint32(0);
  if (length > headerLimit || view.getUint32(4) !== 0)
    throw ostreeError("corrupt-object", `${what}: bad header length`);
  return length;
}

/** Reads a length-prefixed content stream header, as deltas and `ostree_content_stream_parse` have it. */
export function decodeFileHeader(bytes: Uint8Array, what: string): { header: FileHeader; contentOffset: number } {
  const contentOffset = 8 + archiveHeaderLength(bytes, what);
  if (bytes.length < contentOffset) throw ostreeError("corrupt-object", `${what}: truncated header`);
  const fields = readGVariant(headerType, bytes.subarray(8, contentOffset), what) as GVariantValue[];
  return { header: headerFromFields(fields, what), contentOffset };
}

function headerFromFields(fields: GVariantValue[], what: string): FileHeader {
  const [uid, gid, mode, rdev] = (fields.slice(0, 4) as number[]).map(swap32) as [number, number, number, number];
  const symlink = fields[4] as string;
  const header = { uid, gid, mode, symlink, xattrs: xattrsFromVariant(fields[5] as GVariantValue, what) };
  if (rdev !== 0) throw ostreeError("corrupt-object", `${what}: a device number, which no content object has`);
  checkFileMode(header, what);
  return header;
}

/** A content object is a regular file or a symbolic link, and only a link has a target. */
function checkFileMode({ mode, symlink }: FileHeader, what: string): void {
  const type = mode & fileType.mask;
  const linked = type === fileType.symlink;
  if ((type !== fileType.regular && !linked) || linked !== (symlink !== "")) {
    throw ostreeError("corrupt-object", `${what}: mode 0${mode.toString(8)} with target ${JSON.stringify(symlink)}`);
  }
}

/** Value of the attribute `user.ostreemeta` of objects in bare-user repositories. */
export function encodeUserMeta({ uid, gid, mode, xattrs }: FileHeader): Buffer {
  if (xattrs.length > 0) {
    return writeGVariant(userMetaType, [swap32(uid), swap32(gid), swap32(mode), xattrsToVariant(xattrs)]);
  }
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(uid, 0);
  bytes.writeUInt32BE(gid, 4);
  bytes.writeUInt32BE(mode, 8);
  return bytes;
}

/** @param target reads the symbolic link's target, which bare-user keeps as file content */
export function decodeUserMeta(bytes: Uint8Array, target: () => string, what: string): FileHeader {
  const fields = readGVariant(userMetaType, bytes, what) as GVariantValue[];
  const [uid, gid, mode] = (fields.slice(0, 3) as number[]).map(swap32) as [number, number, number];
  const symlink = isSymlinkMode(mode) ? target() : "";
  const header = { uid, gid, mode, symlink, xattrs: xattrsFromVariant(fields[3] as GVariantValue, what) };
  checkFileMode(header, what);
  return header;
}
