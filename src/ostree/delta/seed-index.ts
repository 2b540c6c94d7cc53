// SPDX-License-Identifier: Apache-2.0
/** Where 8-byte sequences stand in a file: finds what another file has in common with it. */

/** Bytes of a seed. A match that is worth a jump is longer (see align.ts), so that hardly one is missed. */
export const seedLength = 8;
/** Places that an index holds by default at most, which bounds its memory: 32 MiB, and as much of hashes. */
const usualLimit = 1 << 23;
/** Every second place: all of them take half as long again, and make a delta 0.2 % smaller. */
const leastStep = 2;
/** Four places to a bucket: the table of buckets then mostly fits into the processor's cache. */
const bucketBits = { least: 8, most: 21 };
/** Places looked at for one seed: more hardly ever find a longer match, and periodic data has thousands. */
const candidateLimit = 48;

/** Reused from file to file: making such arrays anew costs more than filling them. */
let hashes = new Uint32Array(0);
let positions = new Uint32Array(0);
let starts = new Uint32Array(0);

/**
 * Positions sorted by the hash of the seed that stands there; within a bucket they ascend. The index is made when it is
 * first asked, into memory that the next one takes over.
 */
export class SeedIndex {
  readonly #old: Uint8Array;
  readonly #limit: number;
  #shift = 0;
  /** Where the last match found begins. */
  position = 0;

  /** @param limit places that are in the index; in a larger file every third, fourth ... is */
  constructor(old: Uint8Array, limit = usualLimit) {
    this.#old = old;
    this.#limit = limit;
  }

  #fill(): void {
    const old = this.#old;
    const step = Math.max(leastStep, Math.ceil(old.length / this.#limit));
    const count = Math.max(0, Math.floor((old.length - seedLength) / step) + 1);
    const bits = Math.min(bucketBits.most, Math.max(bucketBits.least, Math.ceil(Math.log2(count + 1)) - 2));
    this.#shift = 32 - bits;
    if (hashes.length < count) {
      hashes = new Uint32Array(count);
      positions = new Uint32Array(count);
    }
    const buckets = (1 << bits) + 1;
    if (starts.length < buckets) starts = new Uint32Array(buckets);
    else starts.fill(0, 0, buckets);
    hashSeeds(old, step, count, this.#shift);
    sortByHash(count, buckets, step);
  }

  /**
   * Length of a longest match of `fresh` at `scan`, 0 when there is none of a seed's length. Among equals the nearest to
   * `expected` wins. `position` tells where it is.
   */
  longest(fresh: Uint8Array, scan: number, expected: number): number {
    if (scan + seedLength > fresh.length) return 0;
    if (this.#shift === 0) this.#fill();
    const bucket = seedHash(fresh, scan) >>> this.#shift;
    const first = starts[bucket] ?? 0;
    const end = starts[bucket + 1] ?? 0;
    if (first === end) return 0;
    const old = this.#old;
    let above = end - first > 8 ? lowerBound(first, end, expected) : first;
    let below = above - 1;
    let best = seedLength - 1;
    for (let left = candidateLimit; left > 0; left--) {
      let candidate: number;
      if (above < end) {
        const high = positions[above] ?? 0;
        const low = below >= first ? (positions[below] ?? 0) : -1;
        if (low < 0 || high - expected < expected - low) {
          candidate = high;
          above++;
        } else {
          candidate = low;
          below--;
        }
      } else if (below >= first) candidate = positions[below--] ?? 0;
      else break;
      const limit = Math.min(fresh.length - scan, old.length - candidate);
      if (limit <= best || fresh[scan + best] !== old[candidate + best]) continue;
      let length = 0;
      while (length < limit && fresh[scan + length] === old[candidate + length]) length++;
      if (length > best) {
        best = length;
        this.position = candidate;
      }
    }
    return best >= seedLength ? best : 0;
  }
}

function lowerBound(first: number, end: number, expected: number): number {
  let low = first;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) < expected) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Fills `hashes` with a bucket for each seed, and counts each bucket; a seed inside a run of one byte gets none. */
function hashSeeds(old: Uint8Array, step: number, count: number, shift: number): void {
  for (let index = 0, at = 0; index < count; index++, at += step) {
    const low = (old[at] ?? 0) | ((old[at + 1] ?? 0) << 8) | ((old[at + 2] ?? 0) << 16) | ((old[at + 3] ?? 0) << 24);
    const high =
      (old[at + 4] ?? 0) | ((old[at + 5] ?? 0) << 8) | ((old[at + 6] ?? 0) << 16) | ((old[at + 7] ?? 0) << 24);
    if (low === high && at > 0 && low === ((low << 8) | (low >>> 24)) && old[at - 1] === (low & 0xff)) {
      hashes[index] = inRun;
      continue;
    }
    const bucket = mix(low, high) >>> shift;
    hashes[index] = bucket;
    starts[bucket] = (starts[bucket] ?? 0) + 1;
  }
}

const inRun = 0xffff_ffff;

/** From the last seed to the first, each bucket's start moves down to its first position. */
function sortByHash(count: number, buckets: number, step: number): void {
  let sum = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    sum += starts[bucket] ?? 0;
    starts[bucket] = sum;
  }
  for (let index = count - 1; index >= 0; index--) {
    const bucket = hashes[index] ?? 0;
    if (bucket === inRun) continue;
    const slot = (starts[bucket] ?? 0) - 1;
    starts[bucket] = slot;
    positions[slot] = index * step;
  }
}

function seedHash(bytes: Uint8Array, at: number): number {
  const low =
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  const high =
    (bytes[at + 4] ?? 0) | ((bytes[at + 5] ?? 0) << 8) | ((bytes[at + 6] ?? 0) << 16) | ((bytes[at + 7] ?? 0) << 24);
  return mix(low, high);
}

function mix(low: number, high: number): number {
  const mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0;
}
