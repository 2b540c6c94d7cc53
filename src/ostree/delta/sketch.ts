// SPDX-License-Identifier: Apache-2.0
/** What is characteristic of a file's content, in a few numbers that files with much in common share (MinHash). */

/** Bytes that are hashed together. */
const shingleLength = 24;
const sketchSize = 64;
/** Numbers gathered before all but the smallest are dropped. */
const gatherLimit = 4096;

const factor = 0x01000193;
const outgoing = powerOf(factor, shingleLength);

/** The `sketchSize` smallest hashes of the file's shingles, ascending; fewer of a small or monotonous file. */
export function sketchOf(bytes: Uint8Array): Uint32Array {
  let smallest: number[] = [];
  let threshold = 0xffff_ffff;
  let hash = 0;
  for (let index = 0; index < bytes.length; index++) {
    hash = Math.imul(hash, factor) + (bytes[index] ?? 0);
    if (index < shingleLength - 1) continue;
    if (index >= shingleLength) hash -= Math.imul(bytes[index - shingleLength] ?? 0, outgoing);
    const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
    if (mixed >= threshold) continue;
    smallest.push(mixed);
    if (smallest.length < gatherLimit) continue;
    smallest = leastOf(smallest);
    threshold = smallest.length < sketchSize ? threshold : (smallest.at(-1) ?? threshold);
  }
  return Uint32Array.from(leastOf(smallest));
}

function leastOf(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b).slice(0, sketchSize);
}

function powerOf(base: number, exponent: number): number {
  let power = 1;
  for (let count = 0; count < exponent; count++) power = Math.imul(power, base);
  return power;
}

/** Shared numbers from which on two files are taken to be alike: about an eighth of their content. */
const alikeFrom = 8;

/** Finds the file that has most in common with another. */
export class SketchIndex<File> {
  readonly #files: File[] = [];
  readonly #having = new Map<number, number[]>();

  add(file: File, sketch: Uint32Array): void {
    const index = this.#files.push(file) - 1;
    for (const number of sketch) {
      const files = this.#having.get(number);
      if (files) files.push(index);
      else this.#having.set(number, [index]);
    }
  }

  /** Among equals the first that was added. */
  mostAlike(sketch: Uint32Array): File | undefined {
    const shared = new Map<number, number>();
    for (const number of sketch) {
      for (const file of this.#having.get(number) ?? []) shared.set(file, (shared.get(file) ?? 0) + 1);
    }
    let best: number | undefined;
    let most = Math.min(alikeFrom, Math.ceil(sketch.length / 4)) - 1;
    for (const [file, count] of [...shared].sort(([a], [b]) => a - b)) {
      if (count <= most) continue;
      most = count;
      best = file;
    }
    return best === undefined ? undefined : this.#files[best];
  }
}
