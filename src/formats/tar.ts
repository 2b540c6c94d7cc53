// SPDX-License-Identifier: Apache-2.0
/**
 * Reads tar archives in one pass: POSIX ustar and pax (IEEE Std 1003.1 pax, "ustar Interchange Format"), GNU long names
 * and large numbers (tar(5)). Sparse files are refused: packages have none, and they allocate what they do not hold.
 */
import { type ByteSource, baseError, safeRelative, SourceReader, type Xattr } from "../base/index.ts";
import { formatError } from "./errors.ts";
import { blockSize, fields, types, type TarType } from "./tar-header.ts";

export interface TarHeader {
  /** Checked relative path without leading or trailing slash; `` is the root itself. */
  readonly path: string;
  readonly type: TarType;
  /** Permission bits with setuid, setgid and sticky; no file type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  /** Bytes of content; 0 for all but regular files. */
  readonly size: number;
  /** Seconds since 1970, whole. */
  readonly mtime: number;
  /** A symlink's target as it stands (it may lead anywhere); a hard link's checked path in the same archive. */
  readonly target: string;
  /** Of a device node. */
  readonly device: { readonly major: number; readonly minor: number };
  readonly xattrs: readonly Xattr[];
}

export interface TarEntry extends TarHeader {
  /** The content in pieces, valid until the next piece; to be read before the next entry is taken, or not at all. */
  pieces(): IterableIterator<Buffer>;
  /** The content whole. @param limit bytes at most, against memory exhaustion */
  content(limit?: number): Buffer;
}

const wholeLimit = 64 << 20;
/** Extended headers and long names: libarchive's limit is 1 MiB too. */
const extensionLimit = 1 << 20;
const fileLimit = 2 ** 43;

/** The entries of an archive, in its order. Errors: `format-tar`, `base-unsafe` for a path that climbs, `base-truncated`. */
export function* readTar(source: ByteSource, what: string): Generator<TarEntry, void, undefined> {
  const reader = new SourceReader(source, what);
  const global = new Map<string, Buffer>();
  let local = new Map<string, Buffer>();
  for (;;) {
    const block = nextBlock(reader, what);
    if (block === undefined) {
      // To the end of the input, so that a compressed stream's own check sums are verified.
      while (reader.some(blockSize) !== undefined);
      return;
    }
    const type = block.subarray(fields.type[0], fields.type[0] + 1).toString("latin1");
    const size = readSize(block, local, type, what);
    if (type === "x" || type === "g") {
      const records = parsePax(readExtension(reader, size, what), what);
      if (type === "x") local = new Map([...local, ...records]);
      else for (const [key, value] of records) global.set(key, value);
    } else if (type === "L" || type === "K") {
      const text = readExtension(reader, size, what);
      local.set(type === "L" ? "path" : "linkpath", text.subarray(0, cLength(text)));
    } else {
      const header = decodeHeader(block, new Map([...global, ...local]), type, size, what);
      local = new Map();
      yield* entryOf(reader, header, what);
    }
  }
}

function* entryOf(reader: SourceReader, header: TarHeader, what: string): Generator<TarEntry, void, undefined> {
  let left = header.size;
  function* pieces() {
    while (left > 0) {
      const piece = reader.some(left);
      if (piece === undefined) throw baseError("truncated", `${what}: ended within ${header.path}`);
      left -= piece.length;
      yield piece;
    }
  }
  const content = (limit = wholeLimit) => {
    if (header.size > limit) {
      throw baseError("too-large", `${what}: ${header.path} has ${header.size} bytes, more than ${limit}`);
    }
    const bytes = reader.take(left);
    left = 0;
    return bytes;
  };
  yield { ...header, pieces, content };
  reader.skip(left);
  skipPadding(reader, header.size);
}

/** Some writers (umoci) end with the last file's content; Go's archive/tar, and so podman and docker, read that. */
function skipPadding(reader: SourceReader, size: number): void {
  for (let left = padding(size); left > 0;) {
    const piece = reader.some(left);
    if (piece === undefined) return;
    left -= piece.length;
  }
}

const padding = (size: number): number => (blockSize - (size % blockSize)) % blockSize;

/** The next header block; `undefined` at the end mark or where the input ends. */
function nextBlock(reader: SourceReader, what: string): Buffer | undefined {
  const first = reader.some(blockSize);
  if (first === undefined) return undefined;
  const head = Buffer.from(first);
  const block = head.length === blockSize ? head : Buffer.concat([head, reader.take(blockSize - head.length)]);
  if (block.every((byte) => byte === 0)) return undefined;
  const stored = readNumber(block, fields.checksum, what);
  const [start, length] = fields.checksum;
  // The sum counts its own field as blanks; some writers summed signed bytes, which only differ above 127.
  let sum = 32 * length;
  for (let at = 0; at < blockSize; at++) if (at < start || at >= start + length) sum += block[at]!;
  if (sum !== stored)
    throw formatError("tar", `${what}: wrong header check sum at offset ${reader.offset - blockSize}`);
  return block;
}

function readExtension(reader: SourceReader, size: number, what: string): Buffer {
  if (size > extensionLimit) throw formatError("tar", `${what}: an extended header of ${size} bytes`);
  const bytes = reader.take(size);
  reader.skip(padding(size));
  return bytes;
}

/** The size of what follows the header: content, or nothing for the types that have none whatever the field says. */
function readSize(block: Buffer, local: Map<string, Buffer>, type: string, what: string): number {
  const kind = types.get(type);
  if (kind !== undefined && kind !== "file") return 0;
  const isExtension = kind === undefined;
  const pax = isExtension ? undefined : local.get("size");
  const size = pax === undefined ? readNumber(block, fields.size, what) : decimal(pax.toString("latin1"), "size", what);
  if (size < 0 || size > fileLimit) throw formatError("tar", `${what}: an entry of ${size} bytes`);
  return size;
}

function decodeHeader(block: Buffer, pax: Map<string, Buffer>, flag: string, size: number, what: string): TarHeader {
  const rawPath = pax.get("path")?.toString("utf8") ?? ustarPath(block);
  // Old archives mark a directory by the slash at its end (tar(5), type "\0").
  const type = (flag === "0" || flag === "\0") && rawPath.endsWith("/") ? "directory" : types.get(flag);
  if (type === undefined || [...pax.keys()].some((key) => key.startsWith("GNU.sparse"))) {
    throw formatError("tar", `${what}: ${rawPath} is of a type that is refused (${JSON.stringify(flag)})`);
  }
  const number = (key: string, field: readonly [number, number]) => {
    const text = pax.get(key);
    return text === undefined
      ? readNumber(block, field, what)
      : Math.floor(decimal(text.toString("latin1"), key, what));
  };
  const text = (key: string, field: readonly [number, number]) =>
    pax.get(key)?.toString("utf8") ?? readText(block, field);
  const link = text("linkpath", fields.linkName);
  return {
    path: safeRelative(rawPath, what),
    type,
    mode: readNumber(block, fields.mode, what) & 0o7777,
    uid: number("uid", fields.uid),
    gid: number("gid", fields.gid),
    userName: text("uname", fields.userName),
    groupName: text("gname", fields.groupName),
    size: type === "file" ? size : 0,
    mtime: number("mtime", fields.mtime),
    target: type === "hardlink" ? safeRelative(link, what) : type === "symlink" ? link : "",
    device: { major: readNumber(block, fields.major, what), minor: readNumber(block, fields.minor, what) },
    xattrs: readXattrs(pax, what),
  };
}

function ustarPath(block: Buffer): string {
  const name = readText(block, fields.name);
  // GNU archives use the place of the prefix for other things; their magic is "ustar  " (tar(5)).
  const isUstar = block.toString("latin1", fields.magic[0], fields.magic[0] + 6) === "ustar\0";
  const prefix = isUstar ? readText(block, fields.prefix) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** star's and GNU tar's key for extended attributes; `LIBARCHIVE.xattr.` repeats the same in base64. */
const xattrPrefix = "SCHILY.xattr.";

function readXattrs(pax: Map<string, Buffer>, what: string): Xattr[] {
  const xattrs: Xattr[] = [];
  for (const [key, value] of pax) {
    if (!key.startsWith(xattrPrefix)) continue;
    const name = key.slice(xattrPrefix.length);
    // XATTR_NAME_MAX and XATTR_SIZE_MAX of linux/limits.h.
    if (name === "" || name.length > 255 || value.length > 65536)
      throw formatError("tar", `${what}: a bad xattr ${name}`);
    xattrs.push({ name, value });
  }
  return xattrs;
}

/** pax records: "length key=value\n", the length counting the record whole. */
function parsePax(bytes: Buffer, what: string): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const length = blank < 0 ? 0 : Number(bytes.toString("latin1", at, blank));
    const equals = bytes.indexOf(0x3d, blank);
    const end = at + length;
    if (!Number.isInteger(length) || length < 5 || end > bytes.length || equals < 0 || equals >= end) {
      throw formatError("tar", `${what}: a damaged pax record`);
    }
    if (bytes[end - 1] !== 0x0a) throw formatError("tar", `${what}: a pax record that does not end where it says`);
    const value = bytes.subarray(equals + 1, end - 1);
    const key = bytes.toString("utf8", blank + 1, equals);
    // An empty value takes back what a global header set (pax, "Extended Header Keyword Precedence").
    if (value.length === 0) records.delete(key);
    else records.set(key, value);
    at = end;
  }
  return records;
}

/** Octal text, or GNU's base-256 for large and negative values (tar(5), "Numeric fields"). */
function readNumber(block: Buffer, [start, length]: readonly [number, number], what: string): number {
  const first = block[start]!;
  if (first === 0x80 || first === 0xff) {
    let value = first === 0xff ? -1n : 0n;
    for (const byte of block.subarray(start + 1, start + length)) value = (value << 8n) | BigInt(byte);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw formatError("tar", `${what}: a number out of range`);
    return number;
  }
  const text = block.toString("latin1", start, start + length).replace(/^[ \0]+|[ \0].*$/gs, "");
  if (!/^[0-7]*$/.test(text)) throw formatError("tar", `${what}: ${JSON.stringify(text)} is no octal number`);
  return text === "" ? 0 : Number.parseInt(text, 8);
}

function decimal(text: string, key: string, what: string): number {
  if (!/^-?[0-9]{1,15}(\.[0-9]*)?$/.test(text)) {
    throw formatError("tar", `${what}: pax ${key} is ${JSON.stringify(text)}`);
  }
  return Number(text);
}

function readText(block: Buffer, [start, length]: readonly [number, number]): string {
  const bytes = block.subarray(start, start + length);
  return bytes.toString("utf8", 0, cLength(bytes));
}

function cLength(bytes: Buffer): number {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes.length : end;
}
