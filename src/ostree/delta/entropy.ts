// SPDX-License-Identifier: Apache-2.0
import { zstdCompressSync, constants } from "node:zlib";

/** What is looked at of a large file, in as many pieces. */
const probeSize = 64 << 10;
const probePieces = 8;

/**
 * About how many bytes remain when `bytes` are compressed: comparable among encodings of one file, not exact. Of large
 * inputs without matches nearly all of the time goes into finding that out, so level 1 must do.
 */
export function estimateCompressed(bytes: Uint8Array): number {
  if (bytes.length < 32) return bytes.length;
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }).length;
}

/** Whether compressing gains nothing (less than 3 %), judged by pieces from all over the file. */
export function isIncompressible(bytes: Uint8Array): boolean {
  const sample = bytes.length <= 2 * probeSize ? bytes : samplePieces(bytes);
  return estimateCompressed(sample) > sample.length * 0.97;
}

function samplePieces(bytes: Uint8Array): Buffer {
  const size = probeSize / probePieces;
  const stride = Math.floor((bytes.length - size) / (probePieces - 1));
  return Buffer.concat(
    Array.from({ length: probePieces }, (_, index) => bytes.subarray(index * stride, index * stride + size)),
  );
}
