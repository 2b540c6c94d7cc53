// SPDX-License-Identifier: Apache-2.0
/** The xz encoder of the system's liblzma, through FFI: whole buffers, with the settings that presets do not give. */
import ffi from "node:ffi";
import { baseError } from "./errors.ts";

export interface XzOptions {
  /** 0 to 9, as `xz -0` to `xz -9`; decides what the other options leave open. */
  readonly preset: number;
  /** Bytes at most; default what the preset has. It is never larger than the input needs. */
  readonly dictionary?: number;
  /** A match of so many bytes is taken without looking for a better one; 2 to 273. */
  readonly niceLength?: number;
  /** So many places are looked at for a match; default 16 and half of the nice length. */
  readonly depth?: number;
}

const library = lazily(
  () =>
    ffi.dlopen("liblzma.so.5", {
      lzma_lzma_preset: { return: "uint8", arguments: ["buffer", "uint32"] },
      lzma_stream_buffer_bound: { return: "uint64", arguments: ["uint64"] },
      lzma_stream_buffer_encode: {
        return: "uint32",
        arguments: ["buffer", "uint32", "pointer", "buffer", "uint64", "buffer", "buffer", "uint64"],
      },
    }).functions,
);

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const LZMA_CHECK_CRC64 = 4;
const LZMA_FILTER_LZMA2 = 0x21n;
const LZMA_VLI_UNKNOWN = 0xffff_ffff_ffff_ffffn;
/** lzma/lzma12.h: LZMA_DICT_SIZE_MIN. */
const smallestDictionary = 4096;

/** One .xz stream of all of `input`. The same input and options give the same bytes with one release of liblzma. */
export function encodeXz(input: Uint8Array, options: XzOptions): Buffer {
  const settings = lzmaOptions(input.length, options);
  const filters = Buffer.alloc(32);
  filters.writeBigUInt64LE(LZMA_FILTER_LZMA2, 0);
  filters.writeBigUInt64LE(ffi.getRawPointer(settings), 8);
  filters.writeBigUInt64LE(LZMA_VLI_UNKNOWN, 16);
  const { lzma_stream_buffer_bound: bound, lzma_stream_buffer_encode: encode } = library();
  const output = Buffer.allocUnsafeSlow(Number(bound(BigInt(input.length))));
  const position = Buffer.alloc(8);
  // An empty buffer has no address that may be handed over.
  const bytes = input.length === 0 ? Buffer.alloc(1) : input;
  const room = BigInt(output.length);
  const code = Number(
    encode(filters, LZMA_CHECK_CRC64, 0n, asBuffer(bytes), BigInt(input.length), output, position, room),
  );
  if (code !== 0) throw baseError("xz-failed", `liblzma could not compress ${input.length} bytes: error ${code}`);
  return output.subarray(0, Number(position.readBigUInt64LE(0)));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** struct lzma_options_lzma: dict_size at 0, nice_len at 36, depth at 44. */
function lzmaOptions(inputLength: number, options: XzOptions): Buffer {
  const settings = Buffer.alloc(256);
  if (Number(library().lzma_lzma_preset(settings, options.preset)) !== 0)
    throw new Error(`no xz preset ${options.preset}`);
  const dictionary = Math.min(options.dictionary ?? settings.readUInt32LE(0), enoughFor(inputLength));
  settings.writeUInt32LE(dictionary, 0);
  if (options.niceLength !== undefined) settings.writeUInt32LE(options.niceLength, 36);
  if (options.depth !== undefined) settings.writeUInt32LE(options.depth, 44);
  return settings;
}

/** The smallest dictionary that the header can name (2^n or 2^n + 2^(n-1)) and that holds the input. */
function enoughFor(length: number): number {
  let size = smallestDictionary;
  while (size < length) size = size & (size - 1) ? (size / 3) * 4 : (size / 2) * 3;
  return size;
}
