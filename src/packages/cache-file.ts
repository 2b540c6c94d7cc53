// SPDX-License-Identifier: Apache-2.0
/**
 * Files of the cache: what was made of a verified index, in the form that is quick to load. A header and some parts,
 * each at a multiple of eight bytes, so that typed arrays can lie over them:
 *
 *     JSON header line, padded with blanks | part | part | ...
 */
import { createHash } from "node:crypto";

const alignment = 8;

export interface CacheFile<Header> {
  readonly header: Header;
  readonly parts: readonly Buffer[];
}

interface FileHeader {
  readonly version: string;
  readonly lengths: readonly number[];
  readonly digest: string;
  readonly content: unknown;
}

/** The pieces of the file, to be written one after the other. @param version of the form: others are made anew */
export function encodeCacheFile(version: string, content: unknown, parts: readonly Uint8Array[]): Uint8Array[] {
  const lengths = parts.map((part) => part.length);
  const header: FileHeader = { version, lengths, digest: digest(parts), content };
  const line = JSON.stringify(header);
  const size = Buffer.byteLength(line) + 1;
  const first = Buffer.from(`${line}${" ".repeat(padding(size))}\n`);
  return [first, ...parts.flatMap((part) => [part, Buffer.alloc(padding(part.length))])];
}

/** What `encodeCacheFile` wrote; `undefined` when it is of another version or damaged, to be made anew. */
export function decodeCacheFile<Header>(bytes: Buffer, version: string): CacheFile<Header> | undefined {
  const lineEnd = bytes.subarray(0, 1 << 20).indexOf(0x0a);
  const header = lineEnd < 0 ? undefined : parseHeader(bytes.toString("utf8", 0, lineEnd));
  if (header?.version !== version) return undefined;
  let at = lineEnd + 1;
  const parts: Buffer[] = [];
  for (const length of header.lengths) {
    parts.push(bytes.subarray(at, at + length));
    at += length + padding(length);
  }
  if (at !== bytes.length || digest(parts) !== header.digest) return undefined;
  return { header: header.content as Header, parts };
}

function padding(size: number): number {
  return (alignment - (size % alignment)) % alignment;
}

function digest(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function parseHeader(text: string): FileHeader | undefined {
  try {
    return JSON.parse(text) as FileHeader;
  } catch {
    return undefined;
  }
}

/** The bytes of a typed array, as a part. */
export function bytesOf(array: Uint32Array | Float64Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** A part as numbers; over the same memory where that is aligned. */
export function uint32Part(part: Buffer): Uint32Array {
  const aligned = part.byteOffset % 4 === 0 ? part : Buffer.from(Uint8Array.from(part).buffer);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}

export function float64Part(part: Buffer): Float64Array {
  const aligned = part.byteOffset % 8 === 0 ? part : Buffer.from(Uint8Array.from(part).buffer);
  return new Float64Array(aligned.buffer, aligned.byteOffset, aligned.length >> 3);
}
