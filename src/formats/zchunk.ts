// SPDX-License-Identifier: Apache-2.0
/**
 * zchunk files (zchunk_format.txt): a header with the check sums of all chunks, then the chunks, each compressed by itself.
 * Read from beginning to end; that a file can be fetched in parts is not made use of.
 */
import { createHash, type Hash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { ByteReader, type ByteSource, SourceReader } from "../base/index.ts";
import { formatError } from "./errors.ts";

/** Bytes of a header (60,000 chunks have one of 1.5 MB) and of one chunk: a small file cannot exhaust our memory. */
const headerLimit = 32 << 20;
const chunkLimit = 64 << 20;

const idSize = 5;
const flag = { streams: 1, optionalElements: 2, uncompressedSums: 4 };
const compressionTypes = { none: 0, zstd: 2 };

interface ChecksumType {
  readonly algorithm: string;
  readonly length: number;
}

const checksumTypes: Readonly<Record<number, ChecksumType>> = {
  0: { algorithm: "sha1", length: 20 },
  1: { algorithm: "sha256", length: 32 },
  2: { algorithm: "sha512", length: 64 },
  3: { algorithm: "sha512", length: 16 },
};

interface Chunk {
  readonly checksum: Buffer;
  readonly size: number;
  readonly plainSize: number;
}

interface Header {
  readonly dataType: ChecksumType;
  /** Absent where the writer leaves it out for sums of the plain chunks; those of the chunks stand for it. */
  readonly dataChecksum: Buffer | undefined;
  readonly compressed: boolean;
  readonly chunkType: ChecksumType;
  readonly dictionary: Chunk;
  readonly chunks: readonly Chunk[];
}

export function isZchunk(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, idSize)).toString("latin1") === "\0ZCK1";
}

/** The content of a zchunk file; the check sums of the header, of each chunk and of all data are verified. */
export function readZchunk(source: ByteSource, what: string): ByteSource {
  const pieces = chunksOf(new SourceReader(source, what), what);
  return {
    read: () => pieces.next().value ?? undefined,
    close: () => source.close(),
  };
}

function* chunksOf(reader: SourceReader, what: string): Generator<Buffer, undefined> {
  const header = readHeader(reader, what);
  const all = createHash(header.dataType.algorithm);
  const take = (chunk: Chunk, dictionary?: Buffer) => takeChunk(reader, header, chunk, dictionary, all, what);
  const dictionary = header.dictionary.size === 0 ? undefined : take(header.dictionary);
  for (const chunk of header.chunks) {
    const bytes = take(chunk, dictionary);
    if (bytes.length > 0) yield bytes;
  }
  if (header.dataChecksum !== undefined && !digestOf(all, header.dataType).equals(header.dataChecksum)) {
    throw damaged(what, "the check sum of the data");
  }
  if (reader.some(1) !== undefined) throw damaged(what, "it goes on after the last chunk");
  return undefined;
}

function takeChunk(
  reader: SourceReader,
  { chunkType, compressed }: Header,
  { checksum, size, plainSize }: Chunk,
  dictionary: Buffer | undefined,
  all: Hash,
  what: string,
): Buffer {
  const bytes = reader.take(size);
  all.update(bytes);
  const sum = digestOf(createHash(chunkType.algorithm).update(bytes), chunkType);
  if (!sum.equals(checksum)) throw damaged(what, "the check sum of a chunk");
  const plain = compressed && size > 0 ? inflate(bytes, plainSize, dictionary, what) : bytes;
  if (plain.length !== plainSize) throw damaged(what, "the size of a chunk");
  return plain;
}

function inflate(bytes: Buffer, plainSize: number, dictionary: Buffer | undefined, what: string): Buffer {
  try {
    const limits = { maxOutputLength: Math.max(1, plainSize) };
    return zstdDecompressSync(bytes, dictionary === undefined ? limits : { ...limits, dictionary });
  } catch (error) {
    throw damaged(what, `a chunk (${(error as Error).message})`);
  }
}

function readHeader(reader: SourceReader, what: string): Header {
  const id = reader.take(idSize);
  if (!isZchunk(id)) throw damaged(what, "it does not begin as a zchunk file");
  const lead: number[] = [];
  const number = () => readLeadNumber(reader, lead, what);
  const dataType = checksumType(number(), what);
  const size = number();
  if (size > headerLimit) throw damaged(what, `a header of ${size} bytes`);
  const expected = reader.take(dataType.length);
  const rest = reader.take(size);
  const hash = createHash(dataType.algorithm).update(id).update(Buffer.from(lead)).update(rest);
  if (!digestOf(hash, dataType).equals(expected)) throw damaged(what, "the check sum of the header");
  return decodeHeader(new ByteReader(rest, what), dataType, what);
}

function readLeadNumber(reader: SourceReader, lead: number[], what: string): number {
  return readNumber(() => {
    const byte = reader.take(1)[0]!;
    lead.push(byte);
    return byte;
  }, what);
}

function decodeHeader(reader: ByteReader, dataType: ChecksumType, what: string): Header {
  const number = () => readNumber(() => reader.u8(), what);
  const sum = Buffer.from(reader.take(dataType.length));
  const flags = number();
  const dataChecksum = (flags & flag.uncompressedSums) !== 0 ? undefined : sum;
  if ((flags & ~(flag.optionalElements | flag.uncompressedSums)) !== 0) {
    throw formatError("zchunk", `${what}: it has streams, or flags that are not known (${flags})`);
  }
  const compression = number();
  if (compression !== compressionTypes.none && compression !== compressionTypes.zstd) {
    throw formatError("zchunk", `${what}: compression type ${compression}`);
  }
  if ((flags & flag.optionalElements) !== 0) {
    for (let left = number(); left > 0; left--) {
      number();
      reader.skip(number());
    }
  }
  const index = new ByteReader(reader.take(number()), what);
  return {
    dataType,
    dataChecksum,
    compressed: compression === compressionTypes.zstd,
    ...decodeChunks(index, flags, what),
  };
}

/** Signatures may follow the index; there are none that anybody makes. */
function decodeChunks(reader: ByteReader, flags: number, what: string) {
  const number = () => readNumber(() => reader.u8(), what);
  const chunkType = checksumType(number(), what);
  const count = number();
  const decode = (): Chunk => {
    const checksum = Buffer.from(reader.take(chunkType.length));
    if ((flags & flag.uncompressedSums) !== 0) reader.skip(chunkType.length);
    const [size, plainSize] = [number(), number()];
    if (size > chunkLimit || plainSize > chunkLimit)
      throw damaged(what, `a chunk of ${Math.max(size, plainSize)} bytes`);
    return { checksum, size, plainSize };
  };
  if (count < 1) throw damaged(what, "it has no place for a dictionary");
  const dictionary = decode();
  const chunks: Chunk[] = [];
  // Each takes bytes of the index, which end.
  for (let left = count - 1; left > 0; left--) chunks.push(decode());
  reader.end();
  return { chunkType, dictionary, chunks };
}

/** Seven bits a byte, the lowest first; the last byte has the highest bit. */
function readNumber(next: () => number, what: string): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = next();
    value += (byte & 0x7f) * factor;
    if (value > Number.MAX_SAFE_INTEGER || factor > 2 ** 49) throw damaged(what, "a number that is too large");
    if (byte >= 0x80) return value;
  }
}

function checksumType(number: number, what: string): ChecksumType {
  const type = checksumTypes[number];
  if (type === undefined) throw formatError("zchunk", `${what}: check sums of type ${number}`);
  return type;
}

function digestOf(hash: Hash, { length }: ChecksumType): Buffer {
  return hash.digest().subarray(0, length);
}

function damaged(what: string, message: string) {
  return formatError("zchunk", `${what} is damaged: ${message}`);
}
