// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from "node:fs";
import { inflateHeadroom } from "../base/index.ts";

/** Files from this size on are not small. */
export const scratchSize = 4 << 20;

/** Bytes before what `readSmall` returns that are the caller's, as with `inflateSmall`. */
export const headroom = inflateHeadroom;

const scratch = Buffer.allocUnsafeSlow(headroom + scratchSize);

/**
 * The bytes of a file, valid until the next call and never across a wait: a buffer for each file costs more than the
 * reading. `undefined` when the file is not small.
 */
export function readSmall(path: string): Buffer | undefined {
  return readSmallWith(path, () => {});
}

/** As `readSmall`. @param look is given the open file before it is read */
export function readSmallWith(path: string, look: (fd: number) => void): Buffer | undefined {
  const fd = openSync(path, "r");
  try {
    look(fd);
    // A regular file gives less than was asked for only at its end (read(2)).
    const done = readSync(fd, scratch, headroom, scratchSize, null);
    return done < scratchSize ? scratch.subarray(headroom, headroom + done) : undefined;
  } finally {
    closeSync(fd);
  }
}
