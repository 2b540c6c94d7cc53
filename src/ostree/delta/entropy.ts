// SPDX-License-Identifier: Apache-2.0
import { zstdCompressSync, constants } from "node:zlib";

/** What is looked at of a large file: so many pieces, none larger than this. */
const probeSize = 8 << 10;
const probePieces = 8;

/**
 * About how many bytes remain when `bytes` are compressed: comparable among encodings of one file, not exact. Of large
 * inputs without matches nearly all of the time goes into finding that out, so level 1 must do.
 */
export function estimateCompressed(bytes: Uint8Array): number {
  if (bytes.length < 32) return bytes.length;
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }).length;
}

/**
 * Whether compressing gains nothing (less than 3 %), judged by pieces from all over the file. One that compresses is
 * enough to say no: the tables at the end of a compressed kernel make it worth comparing with the old one.
 */
export function isIncompressible(bytes: Uint8Array): boolean {
  const size = Math.min(probeSize, Math.ceil(bytes.length / probePieces));
  const stride = Math.floor((bytes.length - size) / (probePieces - 1));
  for (let index = 0; index < probePieces; index++) {
    const piece = bytes.subarray(index * stride, index * stride + size);
    if (estimateCompressed(piece) <= piece.length * 0.97) return false;
  }
  return true;
}
