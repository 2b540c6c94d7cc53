// SPDX-License-Identifier: Apache-2.0
/** Whole .xz files whose size is known before the first byte is decoded (the .xz file format 1.2.1, section 4 and 2.1.2). */
import ffi from "node:ffi";
import { ByteReader } from "./bytes.ts";
import { decompress } from "./decompress.ts";
import { baseError } from "./errors.ts";
import { bytesSource } from "./source.ts";

const footerLength = 12;
const footerMagic = 0x595a;

/**
 * Bytes that an .xz file of one stream expands to, as its index says: the decoder refuses a file whose content is not of
 * that size. Throws `base-damaged`.
 */
export function xzContentSize(file: Uint8Array, what: string): number {
  const damaged = (detail: string) => baseError("damaged", `${what}: ${detail}`);
  if (file.length < footerLength || file.length % 4 !== 0) throw damaged("is not in xz format");
  const footer = new ByteReader(file.subarray(file.length - footerLength), what);
  footer.skip(4);
  const indexLength = (footer.u32(true) + 1) * 4;
  footer.skip(2);
  if (footer.u16() !== footerMagic) throw damaged("is not in xz format");
  const end = file.length - footerLength;
  if (indexLength > end) throw damaged("an index that is larger than the file");
  const index = new ByteReader(file.subarray(end - indexLength, end), what);
  if (index.u8() !== 0) throw damaged("an index without its indicator");
  const records = readNumber(index);
  let size = 0;
  for (let record = 0; record < records; record++) {
    readNumber(index);
    size += readNumber(index);
  }
  if (!Number.isSafeInteger(size)) throw damaged("absurd sizes in the index");
  return size;
}

/** A number of the format: seven bits a byte, at most nine bytes (section 1.2). */
function readNumber(reader: ByteReader): number {
  let value = 0;
  for (let index = 0; index < 9; index++) {
    const byte = reader.u8();
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  return Number.POSITIVE_INFINITY;
}

const LZMA_BUF_ERROR = 10;
const LZMA_MEMLIMIT_ERROR = 6;

let library: ReturnType<typeof loadLibrary> | "unavailable" | undefined;

function loadLibrary() {
  const position = "buffer";
  return ffi.dlopen("liblzma.so.5", {
    lzma_stream_buffer_decode: {
      return: "uint32",
      arguments: ["buffer", "uint32", "pointer", "buffer", position, "uint64", "buffer", position, "uint64"],
    },
  }).functions;
}

function openLibrary() {
  try {
    return loadLibrary();
  } catch {
    return "unavailable";
  }
}

/**
 * Decodes an .xz file of one stream into `target`, which must be of exactly the size that it expands to.
 * @param memoryLimit bytes that the decoder may use: a dictionary beyond it is refused
 */
export function xzDecode(file: Uint8Array, target: Uint8Array, memoryLimit: number, what: string): void {
  library ??= openLibrary();
  if (library === "unavailable") return decodeByProgram(file, target, what);
  const limit = Buffer.alloc(8);
  limit.writeBigUInt64LE(BigInt(memoryLimit));
  const taken = Buffer.alloc(8);
  const made = Buffer.alloc(8);
  const room = BigInt(target.length);
  // An empty array has no address; liblzma wants one all the same.
  const output = target.length === 0 ? Buffer.alloc(1) : target;
  const code = Number(
    library.lzma_stream_buffer_decode(limit, 0, 0n, file, taken, BigInt(file.length), output, made, room),
  );
  if (code === LZMA_MEMLIMIT_ERROR)
    throw baseError("too-large", `${what}: needs more than ${memoryLimit} bytes of memory to decode`);
  if (code === LZMA_BUF_ERROR) throw baseError("damaged", `${what}: expands to more than ${target.length} bytes`);
  if (code !== 0) throw baseError("damaged", `${what}: the xz data is damaged`);
  if (taken.readBigUInt64LE() !== BigInt(file.length) || made.readBigUInt64LE() !== room) {
    throw baseError("damaged", `${what}: does not expand to ${target.length} bytes`);
  }
}

function decodeByProgram(file: Uint8Array, target: Uint8Array, what: string): void {
  const source = decompress(bytesSource(file), "xz", what, { limit: target.length });
  let done = 0;
  try {
    for (let piece = source.read(); piece !== undefined; piece = source.read()) {
      target.set(piece, done);
      done += piece.length;
    }
  } finally {
    source.close();
  }
  if (done !== target.length) throw baseError("damaged", `${what}: does not expand to ${target.length} bytes`);
}
