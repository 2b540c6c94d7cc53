// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "../errors.ts";

/** Bytes of the three numbers before each step: bytes to add to the old ones, bytes to take as they are, bytes to skip. */
const controlLength = 24;

/**
 * Rebuilds `target` from `old` by a patch in the stream form of mendsley's bsdiff (bspatch.c), where control numbers stand
 * between the data and nothing is compressed. All of `target` is written, or `ostree-corrupt-delta` is thrown.
 */
export function bspatch(old: Uint8Array, patch: Uint8Array, target: Uint8Array): void {
  const view = new DataView(patch.buffer, patch.byteOffset, patch.byteLength);
  let read = 0;
  let from = 0;
  let to = 0;
  while (to < target.length) {
    if (patch.length - read < controlLength) throw failed("ends too early");
    const added = number(view, read);
    const taken = number(view, read + 8);
    const skipped = number(view, read + 16);
    read += controlLength;
    if (added < 0 || taken < 0) throw failed("has a negative length");
    if (added + taken > target.length - to) throw failed("writes more than the object has");
    if (added + taken > patch.length - read) throw failed("ends too early");
    add(old, from, patch, read, target, to, added);
    read += added;
    to += added;
    from += added;
    target.set(patch.subarray(read, read + taken), to);
    read += taken;
    to += taken;
    from += skipped;
  }
}

/** Old bytes outside of the old content count as zero. */
function add(
  old: Uint8Array,
  from: number,
  patch: Uint8Array,
  read: number,
  target: Uint8Array,
  to: number,
  length: number,
): void {
  const before = Math.min(length, Math.max(0, -from));
  const inside = Math.max(before, Math.min(length, old.length - from));
  target.fill(0, to, to + before);
  target.set(old.subarray(from + before, from + inside), to + before);
  target.fill(0, to + inside, to + length);
  addNonZero(patch, read, target, to, length);
}

/** Runs below this length are not worth a view of their own. */
const shortRun = 64;

/**
 * Adds bytes of a patch, of which nearly all are zero: four at a time are looked at, which is three times as fast as
 * adding each.
 */
function addNonZero(patch: Uint8Array, read: number, target: Uint8Array, to: number, length: number): void {
  if (length < shortRun) return addEach(patch, read, target, to, length);
  const unaligned = -(patch.byteOffset + read) & 3;
  addEach(patch, read, target, to, unaligned);
  const count = (length - unaligned) >>> 2;
  const words = new Int32Array(patch.buffer, patch.byteOffset + read + unaligned, count);
  const shift = to - read;
  for (let index = 0; index < count; index++) {
    if (words[index] === 0) continue;
    const at = read + unaligned + index * 4;
    addEach(patch, at, target, at + shift, 4);
  }
  const done = unaligned + count * 4;
  addEach(patch, read + done, target, to + done, length - done);
}

function addEach(patch: Uint8Array, read: number, target: Uint8Array, to: number, length: number): void {
  for (let index = 0; index < length; index++) target[to + index]! += patch[read + index]!;
}

/** Sign and magnitude, little-endian (bspatch.c: offtin). */
function number(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  const magnitude = (high & 0x7fffffff) * 2 ** 32 + view.getUint32(at, true);
  if (!Number.isSafeInteger(magnitude)) throw failed("has an absurd number");
  return high >>> 31 === 1 ? -magnitude : magnitude;
}

function failed(detail: string) {
  return ostreeError("corrupt-delta", `bsdiff patch failed: it ${detail}`);
}
