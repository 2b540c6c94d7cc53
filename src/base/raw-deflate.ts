// SPDX-License-Identifier: Apache-2.0
import { deflateRawSync } from "node:zlib";
import { libdeflate } from "./libdeflate.ts";

/** Z_FULL_FLUSH ends a piece at a byte boundary without the final bit: pieces can be concatenated to one stream. */
const fullFlush = 3;
const finish = 4;
/** Content up to this size is compressed in one piece by libdeflate. */
const wholeLimit = 16 << 20;

/** libdeflate stores the shortest content as it is, with 5 bytes more: zlib makes it 3 bytes smaller. */
const shortLimit = 48;

/** libdeflate's level that gives output of about the size of zlib's, by zlib's level. */
const levels = [0, 1, 1, 2, 2, 3, 3, 4, 5, 6] as const;

let output = Buffer.alloc(0);

/**
 * Raw deflate of content that is there whole; unless it is very short or over 16 MiB, by libdeflate where the system has it.
 * @param level zlib's, 1 to 9
 * @returns the stream; valid until the next call
 */
export function deflateWhole(content: Uint8Array, level: number): Buffer {
  const fits = content.length > shortLimit && content.length <= wholeLimit;
  const library = fits ? libdeflate() : undefined;
  if (library === undefined) return deflatePiece(content, level, true);
  // Deflate grows content by at most 5 bytes in each 16 KiB, and 9 bytes of frame (libdeflate_deflate_compress_bound).
  const room = content.length + 5 * Math.ceil(content.length / 5000) + 64;
  if (output.length < room) output = Buffer.allocUnsafeSlow(Math.max(room, 1 << 20));
  const length = library.compress(library.compressor(levels[level] ?? 3), content, output);
  return length === 0 ? deflatePiece(content, level, true) : output.subarray(0, length);
}

/** One of several pieces that are concatenated to one stream. */
export function deflatePiece(content: Uint8Array, level: number, last: boolean): Buffer {
  // Output buffers of the default size would be mostly air: half of all files are smaller.
  const chunkSize = Math.min(content.length + 64, 64 << 10);
  return deflateRawSync(content, { level, finishFlush: last ? finish : fullFlush, chunkSize });
}
