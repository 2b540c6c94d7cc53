// SPDX-License-Identifier: Apache-2.0
/**
 * Reads cpio archives in one pass, in the entries of `readTar`: the "new ASCII" formats (070701, 070702) and the portable
 * one (070707), as cpio(5) of libarchive describes them. Hard links are told by device and inode; the content may come
 * with any of them, so that an entry of type `hardlink` can have one.
 */
import { baseError, type ByteSource, decodeText, safeRelative, SourceReader } from "../base/index.ts";
import { formatError } from "./errors.ts";
import { fileTypeOf } from "./file-type.ts";
import type { TarEntry, TarHeader } from "./tar.ts";

/** Longest name and symlink target: PATH_MAX; a larger one is an attack on memory. */
const pathLimit = 4096;
const wholeLimit = 64 << 20;
const trailer = "TRAILER!!!";

/** Errors: `formats-cpio`, `base-unsafe` for a path that climbs, `base-truncated`. */
export function* readCpio(source: ByteSource, what: string): Generator<TarEntry, void, undefined> {
  const links = new Map<string, string>();
  for (const member of readCpioMembers(source, what)) {
    const header = toHeader(member, links, what);
    yield { ...header, pieces: member.pieces, content: member.content };
  }
}

/** One member as it stands in the archive: nothing of it is checked but its form. */
export interface CpioMember extends Fields {
  readonly name: string;
  /** Of RPM's stripped format: the file's number in the package's own table, which has all but the content. */
  readonly index?: number;
  /** The content in pieces, valid until the next piece; to be read before the next member is taken, or not at all. */
  pieces(): IterableIterator<Buffer>;
  /** The content whole. @param limit bytes at most, against memory exhaustion */
  content(limit?: number): Buffer;
}

/**
 * The members of an archive up to its trailer.
 * @param sizeOf content bytes of a member of RPM's stripped format (magic 07070X), which names only its index; without it
 * that format is refused
 */
export function* readCpioMembers(
  source: ByteSource,
  what: string,
  sizeOf?: (index: number) => number,
): Generator<CpioMember, void, undefined> {
  const reader = new SourceReader(source, what);
  for (;;) {
    const fields = readHeader(reader, what, sizeOf);
    const name = fields.index === undefined ? readName(reader, fields.nameSize, what) : "";
    if (name === trailer) break;
    reader.skip(padding(fields.headerSize + fields.nameSize, fields.align));
    const content = contentOf(reader, fields.size, `${what}: ${name || fields.index}`);
    yield { ...fields, name, ...content };
    content.skip();
    reader.skip(padding(fields.size, fields.align));
  }
  // To the end of the input, so that a compressed stream's own check sums are verified.
  while (reader.some(wholeLimit) !== undefined);
}

function contentOf(reader: SourceReader, size: number, what: string) {
  let left = size;
  function* pieces() {
    while (left > 0) {
      const piece = reader.some(left);
      if (piece === undefined) throw baseError("truncated", `${what}: the archive ends within it`);
      left -= piece.length;
      yield piece;
    }
  }
  const content = (limit = wholeLimit) => {
    if (left > limit) throw baseError("too-large", `${what}: ${left} bytes, more than ${limit}`);
    const bytes = reader.take(left);
    left = 0;
    return bytes;
  };
  const skip = () => {
    reader.skip(left);
    left = 0;
  };
  return { pieces, content, skip };
}

interface Fields {
  readonly headerSize: number;
  readonly align: number;
  readonly inode: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly mtime: number;
  readonly size: number;
  readonly major: number;
  readonly minor: number;
  readonly nameSize: number;
  readonly index?: number;
}

function readHeader(reader: SourceReader, what: string, sizeOf?: (index: number) => number): Fields {
  const magic = reader.take(6).toString("latin1");
  if (magic === "070701" || magic === "070702") return readNewHeader(reader.take(104).toString("latin1"), what);
  if (magic === "070707") return readPortableHeader(reader.take(70).toString("latin1"), what);
  if (magic === "07070X" && sizeOf !== undefined)
    return readStrippedHeader(reader.take(8).toString("latin1"), what, sizeOf);
  throw formatError("cpio", `${what}: no header at offset ${reader.offset - 6}`);
}

/** Eight hexadecimal digits each: inode mode uid gid nlink mtime size devmajor devminor rdevmajor rdevminor namesize check. */
function readNewHeader(text: string, what: string): Fields {
  if (!/^[0-9a-fA-F]{104}$/.test(text)) throw formatError("cpio", `${what}: a header that is not hexadecimal`);
  const at = (index: number) => Number.parseInt(text.slice(8 * index, 8 * index + 8), 16);
  return {
    headerSize: 110,
    align: 4,
    inode: `${at(7)}:${at(8)}:${at(0)}`,
    mode: at(1),
    uid: at(2),
    gid: at(3),
    links: at(4),
    mtime: at(5),
    size: at(6),
    major: at(9),
    minor: at(10),
    nameSize: at(11),
  };
}

/** Octal: dev ino mode uid gid nlink rdev (6 digits each), mtime (11), namesize (6), filesize (11). */
function readPortableHeader(text: string, what: string): Fields {
  if (!/^[0-7]{70}$/.test(text)) throw formatError("cpio", `${what}: a header that is not octal`);
  const at = (start: number, length: number) => Number.parseInt(text.slice(start, start + length), 8);
  return {
    headerSize: 76,
    align: 1,
    inode: `${at(0, 6)}:${at(6, 6)}`,
    mode: at(12, 6),
    uid: at(18, 6),
    gid: at(24, 6),
    links: at(30, 6),
    major: at(36, 6) >> 8,
    minor: at(36, 6) & 0xff,
    mtime: at(42, 11),
    nameSize: at(53, 6),
    size: at(59, 11),
  };
}

/** rpm's lib/cpio.c, `rpmcpioStrippedHeaderWrite`: only the index of the file in the package's header. */
function readStrippedHeader(text: string, what: string, sizeOf: (index: number) => number): Fields {
  if (!/^[0-9a-fA-F]{8}$/.test(text)) throw formatError("cpio", `${what}: a header that is not hexadecimal`);
  const index = Number.parseInt(text, 16);
  const none = { inode: "", mode: 0, uid: 0, gid: 0, links: 0, mtime: 0, major: 0, minor: 0, nameSize: 0 };
  return { ...none, headerSize: 14, align: 4, size: sizeOf(index), index };
}

function readName(reader: SourceReader, size: number, what: string): string {
  if (size < 1 || size > pathLimit) throw formatError("cpio", `${what}: a name of ${size} bytes`);
  return decodeText(reader.take(size).subarray(0, -1));
}

function toHeader(member: CpioMember, links: Map<string, string>, what: string): TarHeader {
  const { name, mode, uid, gid, mtime, major, minor, inode } = member;
  const path = safeRelative(name, what);
  const plain = fileTypeOf(mode);
  if (plain === undefined) throw formatError("cpio", `${what}: ${name} is of no known type`);
  const first = plain === "file" && member.links > 1 ? links.get(inode) : undefined;
  if (plain === "file" && member.links > 1 && first === undefined) links.set(inode, path);
  if (plain === "symlink" && member.size > pathLimit) throw formatError("cpio", `${what}: a long link target`);
  const target = plain === "symlink" ? member.content(pathLimit).toString() : (first ?? "");
  return {
    path,
    type: first === undefined ? plain : "hardlink",
    mode: mode & 0o7777,
    uid,
    gid,
    userName: "",
    groupName: "",
    size: plain === "file" ? member.size : 0,
    mtime,
    target,
    device: { major, minor },
    xattrs: [],
  };
}

function padding(size: number, align: number): number {
  return (align - (size % align)) % align;
}
