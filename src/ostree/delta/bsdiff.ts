// SPDX-License-Identifier: Apache-2.0
/**
 * The patch of opcode `B`: an uncompressed stream of segments, each three numbers of 8 bytes (how many bytes follow the
 * source, how many are extra, how far to move in the source then), the differences, and the extra bytes
 * (bsdiff as mendsley keeps it: bspatch.c).
 */
import type { Segment } from "./align.ts";

const controlLength = 24;

export function encodeBsdiff(old: Uint8Array, fresh: Uint8Array, segments: readonly Segment[]): Buffer {
  const patch = Buffer.allocUnsafe(fresh.length + segments.length * controlLength);
  let out = 0;
  let at = 0;
  for (const [index, { from, similar, extra }] of segments.entries()) {
    const next = segments[index + 1]?.from ?? from + similar;
    putOffset(patch, out, similar);
    putOffset(patch, out + 8, extra);
    putOffset(patch, out + 16, next - (from + similar));
    out += controlLength;
    for (let step = 0; step < similar; step++) patch[out + step] = (fresh[at + step] ?? 0) - (old[from + step] ?? 0);
    out += similar;
    at += similar;
    patch.set(fresh.subarray(at, at + extra), out);
    out += extra;
    at += extra;
  }
  if (at !== fresh.length) throw new Error("segments that do not make up the file");
  return patch;
}

/** Sign and magnitude, little-endian (bsdiff.c: offtout). */
function putOffset(patch: Buffer, at: number, value: number): void {
  patch.writeBigUInt64LE(BigInt(Math.abs(value)) | (value < 0 ? 1n << 63n : 0n), at);
}
