// SPDX-License-Identifier: Apache-2.0
/** dirtree objects (libostree ostree-core.h: OSTREE_TREE_GVARIANT_STRING): nearly all of what a commit reads. */
import { readGVariant, writeGVariant } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { type Checksum, checksumFromBytes, checkName, compareNames, type DirTree } from "./model.ts";

const dirTreeType = "(a(say)a(sayay))";

/** Entries must be sorted by `compareNames`. */
export function encodeDirTree({ files, dirs }: DirTree): Buffer {
  return writeGVariant(dirTreeType, [
    files.map(({ name, checksum }) => [name, Buffer.from(checksum, "hex")]),
    dirs.map(({ name, tree, meta }) => [name, Buffer.from(tree, "hex"), Buffer.from(meta, "hex")]),
  ]);
}

/** Checked as ostree_validate_structureof_dirtree does, and for order and doubles: no name may stand for two things. */
export function decodeDirTree(bytes: Uint8Array, what: string): DirTree {
  return decodePlain(bytes) ?? decodeAny(bytes, what);
}

/** The directories of a dirtree alone. Only these are checked: for one who leaves the files to another. */
export function subdirectoriesOf(bytes: Uint8Array, what: string): DirTree["dirs"] {
  return plainSubdirectories(bytes) ?? decodeAny(bytes, what).dirs;
}

function decodeAny(bytes: Uint8Array, what: string): DirTree {
  const [files, dirs] = readGVariant(dirTreeType, bytes, what) as [
    [string, Uint8Array][],
    [string, Uint8Array, Uint8Array][],
  ];
  const tree = {
    files: files.map(([name, checksum]) => ({ name, checksum: checksumFromBytes(checksum, what) })),
    dirs: dirs.map(([name, tree, meta]) => ({
      name,
      tree: checksumFromBytes(tree, what),
      meta: checksumFromBytes(meta, what),
    })),
  };
  checkNames(tree, what);
  return tree;
}

function checkNames({ files, dirs }: DirTree, what: string): void {
  for (const entries of [files, dirs]) {
    let previous: string | undefined;
    for (const { name } of entries) {
      checkName(name, what);
      if (previous !== undefined && compareNames(previous, name) >= 0) {
        throw ostreeError("corrupt-object", `${what}: entry ${JSON.stringify(name)} out of order or doubled`);
      }
      previous = name;
    }
  }
  const fileNames = new Set(files.map(({ name }) => name));
  const double = dirs.find(({ name }) => fileNames.has(name));
  if (double) throw ostreeError("corrupt-object", `${what}: ${JSON.stringify(double.name)} is a file and a directory`);
}

/** Told where in a dirtree's bytes the checksums of an entry begin. */
export interface EntryVisitor {
  file(name: string, at: number): void;
  /** The dirmeta's stands behind the dirtree's. */
  directory(name: string, at: number): void;
}

/**
 * Checks a dirtree as `decodeDirTree` does, and visits its entries without making anything of their checksums.
 * @returns false when it is right but unusual: it may have been visited in part, and is to be decoded
 */
export function visitDirTree(bytes: Buffer, what: string, visitor: EntryVisitor): boolean {
  if (visitPlain(bytes, visitor)) return true;
  decodeAny(bytes, what);
  return false;
}

/**
 * The usual dirtree, with names of ASCII, in a fifth of the time that the general way takes. Whatever is unusual, or wrong,
 * is left to that way: `undefined`.
 */
function decodePlain(bytes: Uint8Array): DirTree | undefined {
  const buffer = bufferOf(bytes);
  const files: { name: string; checksum: Checksum }[] = [];
  const dirs: { name: string; tree: Checksum; meta: Checksum }[] = [];
  const plain = visitPlain(buffer, {
    file: (name, at) => files.push({ name, checksum: digits(buffer, at) }),
    directory: (name, at) => dirs.push({ name, tree: digits(buffer, at), meta: digits(buffer, at + checksumSize) }),
  });
  return plain ? { files, dirs } : undefined;
}

function visitPlain(buffer: Buffer, visitor: EntryVisitor): boolean {
  const start = endOfFiles(buffer);
  const end = buffer.length - offsetSize(buffer.length);
  if (start < 0 || start > end) return false;
  const files: string[] = [];
  const dirs: string[] = [];
  const file = (name: string, at: number) => {
    files.push(name);
    visitor.file(name, at);
  };
  const directory = (name: string, at: number) => {
    dirs.push(name);
    visitor.directory(name, at);
  };
  return (
    eachEntry(buffer, start, end, 2, directory) && eachEntry(buffer, 0, start, 1, file) && !haveCommonName(files, dirs)
  );
}

function plainSubdirectories(bytes: Uint8Array): DirTree["dirs"] | undefined {
  const buffer = bufferOf(bytes);
  const start = endOfFiles(buffer);
  const end = buffer.length - offsetSize(buffer.length);
  if (start < 0 || start > end) return undefined;
  const dirs: { name: string; tree: Checksum; meta: Checksum }[] = [];
  const take = (name: string, at: number) =>
    dirs.push({ name, tree: digits(buffer, at), meta: digits(buffer, at + checksumSize) });
  return eachEntry(buffer, start, end, 2, take) ? dirs : undefined;
}

/** The only offset of the outer tuple stands at its end. */
function endOfFiles(buffer: Buffer): number {
  const size = offsetSize(buffer.length);
  return buffer.length < size ? -1 : offset(buffer, buffer.length - size, size);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

const checksumSize = 32;

function digits(bytes: Buffer, at: number): Checksum {
  return bytes.toString("hex", at, at + checksumSize) as Checksum;
}

/** Width of the offsets in a container of this size (GVariant specification 2.3.6). */
function offsetSize(length: number): number {
  return length <= 0xff ? 1 : length <= 0xffff ? 2 : 4;
}

function offset(bytes: Buffer, at: number, size: number): number {
  return bytes.readUIntLE(at, size);
}

/**
 * Walks an array of tuples, each of a name and `checksums` byte strings, checking all that there is to check.
 * @param take is given each name and where its checksums begin
 * @returns false when something is not plain
 */
function eachEntry(
  bytes: Buffer,
  start: number,
  end: number,
  checksums: number,
  take: (name: string, at: number) => void,
): boolean {
  if (start === end) return true;
  const size = offsetSize(end - start);
  if (end - start < size) return false;
  const table = start + offset(bytes, end - size, size);
  if (table >= end || (end - table) % size !== 0) return false;
  let previous = -1;
  let item = start;
  for (let entry = table; entry < end; entry += size) {
    const itemEnd = start + offset(bytes, entry, size);
    if (itemEnd > table || !isPlainEntry(bytes, item, itemEnd, checksums)) return false;
    if (previous >= 0 && !isBefore(bytes, previous, item)) return false;
    const nameEnd = nameEndOf(bytes, item, itemEnd);
    take(bytes.toString("latin1", item, nameEnd - 1), nameEnd);
    previous = item;
    item = itemEnd;
  }
  return item === table;
}

/** End of a tuple's first member, which is its last offset. */
function nameEndOf(bytes: Buffer, item: number, itemEnd: number): number {
  const size = offsetSize(itemEnd - item);
  return item + offset(bytes, itemEnd - size, size);
}

function isPlainEntry(bytes: Buffer, item: number, itemEnd: number, checksums: number): boolean {
  const size = offsetSize(itemEnd - item);
  if (itemEnd - item < size) return false;
  const nameEnd = nameEndOf(bytes, item, itemEnd);
  const offsets = nameEnd + checksums * checksumSize;
  if (offsets + checksums * size !== itemEnd) return false;
  // Offsets of members stand backwards, without that of the last member.
  if (checksums === 2 && item + offset(bytes, offsets, size) !== nameEnd + checksumSize) return false;
  return isPlainName(bytes, item, nameEnd);
}

/** A name of ASCII, with its NUL, that a file can have. */
function isPlainName(bytes: Buffer, start: number, end: number): boolean {
  const length = end - 1 - start;
  if (length < 1 || bytes[end - 1] !== 0) return false;
  let dots = 0;
  for (let at = start; at < end - 1; at++) {
    const byte = bytes[at]!;
    if (byte === 0 || byte === 0x2f || byte >= 0x80) return false;
    if (byte === 0x2e) dots++;
  }
  return length > 2 || dots < length;
}

/** Order of two names that end with NUL. */
function isBefore(bytes: Buffer, first: number, second: number): boolean {
  for (let at = 0; ; at++) {
    const [a, b] = [bytes[first + at]!, bytes[second + at]!];
    if (a !== b) return a < b;
    if (a === 0) return false;
  }
}

/** Both are sorted. */
function haveCommonName(files: readonly string[], dirs: readonly string[]): boolean {
  let file = 0;
  for (const name of dirs) {
    while (file < files.length && files[file]! < name) file++;
    if (files[file] === name) return true;
  }
  return false;
}
