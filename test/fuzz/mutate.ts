// SPDX-License-Identifier: Apache-2.0
/** Damaged inputs made from good ones. The same seed and number give the same input again. */

/** Numbers below 2^32 from a seed (splitmix32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let value = this.#state ^ (this.#state >>> 16);
    value = Math.imul(value, 0x21f0aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
    return (value ^ (value >>> 15)) >>> 0;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return limit <= 1 ? 0 : this.next() % limit;
  }

  pick<T>(among: readonly T[]): T {
    return among[this.below(among.length)]!;
  }
}

/** Where decoders stumble: ends of ranges, signs, the lengths of their own frames. */
const numbers = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
const sizeLimit = 64 << 10;

type Mutation = (bytes: Buffer, random: Random, seeds: readonly Buffer[]) => Buffer;

const inPlace =
  (change: (bytes: Buffer, at: number, random: Random) => void): Mutation =>
  (bytes, random) => {
    if (bytes.length > 0) change(bytes, random.below(bytes.length), random);
    return bytes;
  };

const mutations: readonly Mutation[] = [
  inPlace((bytes, at, random) => (bytes[at] = bytes[at]! ^ (1 << random.below(8)))),
  inPlace((bytes, at, random) => (bytes[at] = random.next())),
  inPlace((bytes, at, random) => (bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, 0x2f, 0x2e, 0x0a]))),
  inPlace((bytes, at, random) => (bytes[at] = bytes[at]! + random.pick([-1, 1, -4, 4]))),
  inPlace((bytes, at, random) => {
    if (at + 4 > bytes.length) return;
    if (random.below(2) === 0) bytes.writeUInt32LE(random.pick(numbers), at);
    else bytes.writeUInt32BE(random.pick(numbers), at);
  }),
  // The last bytes: framing offsets of GVariant, checksums of archives.
  inPlace((bytes, _at, random) => (bytes[bytes.length - 1 - random.below(Math.min(16, bytes.length))] = random.next())),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.subarray(random.below(bytes.length + 1)),
  (bytes, random) => {
    const [from, length] = [random.below(bytes.length), random.below(64) + 1];
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
  },
  (bytes, random) => {
    const [from, length] = [random.below(bytes.length), random.below(256) + 1];
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + length), bytes.subarray(at)]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const added = Buffer.alloc(random.below(32) + 1, random.next());
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
  },
  (bytes, random, seeds) => {
    const other = random.pick(seeds);
    return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]);
  },
];

/** A seed with one to eight changes. */
export function mutate(seeds: readonly Buffer[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(seeds));
  for (let changes = 1 + random.below(8); changes > 0; changes--) bytes = random.pick(mutations)(bytes, random, seeds);
  return bytes.subarray(0, sizeLimit);
}
