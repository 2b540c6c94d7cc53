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
  if (before > 0) target.set(patch.subarray(read, read + before), to);
  for (let index = before; index < inside; index++) {
    target[to + index] = old[from + index]! + patch[read + index]!;
  }
  if (inside < length) target.set(patch.subarray(read + inside, read + length), to + inside);
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
