// SPDX-License-Identifier: Apache-2.0
/**
 * Reads cpio archives in one pass, in the entries of `readTar`: the "new ASCII" formats (070701, 070702) and the portable
 * one (070707), as cpio(5) of libarchive describes them. Hard links are told by device and inode; the content may come
 * with any of them, so that an entry of type `hardlink` can have one.
 */
import { baseError, type ByteSource, safeRelative, SourceReader } from "../base/index.ts";
import { formatError } from "./errors.ts";
import type { TarEntry, TarHeader } from "./tar.ts";
import type { TarType } from "./tar-header.ts";

const types: Readonly<Record<number, TarType>> = {
  0o010000: "fifo",
  0o020000: "character",
  0o040000: "directory",
  0o060000: "block",
  0o100000: "file",
  0o120000: "symlink",
};

/** Longest name and symlink target: PATH_MAX; a larger one is an attack on memory. */
const pathLimit = 4096;
const wholeLimit = 64 << 20;
const trailer = "TRAILER!!!";

/** Errors: `formats-cpio`, `base-unsafe` for a path that climbs, `base-truncated`. */
export function* readCpio(source: ByteSource, what: string): Generator<TarEntry, void, undefined> {
  const reader = new SourceReader(source, what);
  const links = new Map<string, string>();
  for (;;) {
    const fields = readHeader(reader, what);
    const name = readName(reader, fields.nameSize, what);
    if (name === trailer) break;
    reader.skip(padding(fields.headerSize + fields.nameSize, fields.align));
    yield* entryOf(reader, fields, toHeader(reader, fields, name, links, what), what);
    reader.skip(padding(fields.size, fields.align));
  }
  // To the end of the input, so that a compressed stream's own check sums are verified.
  while (reader.some(wholeLimit) !== undefined);
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
}

function readHeader(reader: SourceReader, what: string): Fields {
  const magic = reader.take(6).toString("latin1");
  if (magic === "070701" || magic === "070702") return readNewHeader(reader.take(104).toString("latin1"), what);
  if (magic === "070707") return readPortableHeader(reader.take(70).toString("latin1"), what);
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

function readName(reader: SourceReader, size: number, what: string): string {
  if (size < 1 || size > pathLimit) throw formatError("cpio", `${what}: a name of ${size} bytes`);
  return reader.take(size).toString("utf8", 0, size - 1);
}

function toHeader(
  reader: SourceReader,
  fields: Fields,
  name: string,
  links: Map<string, string>,
  what: string,
): TarHeader {
  const { mode, uid, gid, mtime, major, minor, inode } = fields;
  const path = safeRelative(name, what);
  const plain = types[mode & 0o170000];
  if (plain === undefined) throw formatError("cpio", `${what}: ${name} is of no known type`);
  const first = plain === "file" && fields.links > 1 ? links.get(inode) : undefined;
  if (plain === "file" && fields.links > 1 && first === undefined) links.set(inode, path);
  if (plain === "symlink" && fields.size > pathLimit) throw formatError("cpio", `${what}: a long link target`);
  const target = plain === "symlink" ? reader.take(fields.size).toString() : (first ?? "");
  return {
    path,
    type: first === undefined ? plain : "hardlink",
    mode: mode & 0o7777,
    uid,
    gid,
    userName: "",
    groupName: "",
    size: plain === "file" ? fields.size : 0,
    mtime,
    target,
    device: { major, minor },
    xattrs: [],
  };
}

function* entryOf(
  reader: SourceReader,
  { size, mode }: Fields,
  header: TarHeader,
  what: string,
): Generator<TarEntry, void, undefined> {
  // A symlink's data was its target.
  let left = (mode & 0o170000) === 0o120000 ? 0 : size;
  function* pieces() {
    while (left > 0) {
      const piece = reader.some(left);
      if (piece === undefined) throw baseError("truncated", `${what}: ended within ${header.path}`);
      left -= piece.length;
      yield piece;
    }
  }
  const content = (limit = wholeLimit) => {
    if (left > limit) throw baseError("too-large", `${what}: ${header.path} has ${left} bytes, more than ${limit}`);
    const bytes = reader.take(left);
    left = 0;
    return bytes;
  };
  yield { ...header, pieces, content };
  reader.skip(left);
}

function padding(size: number, align: number): number {
  return (align - (size % align)) % align;
}
