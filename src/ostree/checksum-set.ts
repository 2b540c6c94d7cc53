// SPDX-License-Identifier: Apache-2.0
import type { Checksum } from "./model.ts";

const size = 32;
/** Checksums in one piece of the store, a power of two: what is full is never copied again. */
const pieceBits = 14;
const pieceCount = 1 << pieceBits;

/**
 * A set of checksums as bytes: a fifth of the memory of one of strings, and none of the work of making them. It keeps the
 * order in which they came.
 */
export class ChecksumSet {
  #pieces: Buffer[] = [];
  #count = 0;
  /** Number of a checksum in the pieces, plus one; 0 is free. */
  #table = new Uint32Array(1024);
  /**
   * Checksums may be a stranger's choice, so their places in the table depend on a secret. It shows nowhere, so that
   * V8's own random numbers do: to load a better generator takes longer than most sets.
   */
  readonly #secret = Int32Array.from({ length: size / 4 }, () => Math.random() * 2 ** 32);
  readonly #digits = Buffer.allocUnsafeSlow(size);

  get size(): number {
    return this.#count;
  }

  /** @returns whether it is new */
  add(checksum: Checksum): boolean {
    this.#digits.write(checksum, "hex");
    return this.addBytes(this.#digits, 0);
  }

  has(checksum: Checksum): boolean {
    this.#digits.write(checksum, "hex");
    return this.hasBytes(this.#digits, 0);
  }

  /** @param at where the 32 bytes begin @returns whether it is new */
  addBytes(bytes: Buffer, at: number): boolean {
    const place = this.#find(bytes, at);
    if (this.#table[place] !== 0) return false;
    const number = this.#count++;
    if (number % pieceCount === 0) this.#pieces.push(Buffer.allocUnsafeSlow(pieceCount * size));
    bytes.copy(this.#pieces[number >> pieceBits]!, (number % pieceCount) * size, at, at + size);
    this.#table[place] = number + 1;
    if (this.#count * 2 > this.#table.length) this.#grow();
    return true;
  }

  hasBytes(bytes: Buffer, at: number): boolean {
    return this.#table[this.#find(bytes, at)] !== 0;
  }

  /** The checksum that came as the one of this number, from 0 on. */
  at(number: number): Checksum {
    const at = (number % pieceCount) * size;
    return this.#pieces[number >> pieceBits]!.toString("hex", at, at + size) as Checksum;
  }

  /** In order; what is added meanwhile, too. */
  *[Symbol.iterator](): IterableIterator<Checksum> {
    for (let number = 0; number < this.#count; number++) yield this.at(number);
  }

  /** Those that the other set does not have, in order. */
  *without(other: ChecksumSet): IterableIterator<Checksum> {
    for (let number = 0; number < this.#count; number++) {
      const piece = this.#pieces[number >> pieceBits]!;
      if (!other.hasBytes(piece, (number % pieceCount) * size)) yield this.at(number);
    }
  }

  /** All checksums, one after the other. */
  bytes(): Buffer {
    return Buffer.concat(this.#pieces, this.#count * size);
  }

  #grow(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    for (let number = 0; number < this.#count; number++) {
      const place = this.#find(this.#pieces[number >> pieceBits]!, (number % pieceCount) * size);
      this.#table[place] = number + 1;
    }
  }

  /** Where in the table the checksum is, or would be. */
  #find(bytes: Buffer, at: number): number {
    const mask = this.#table.length - 1;
    for (let place = this.#hash(bytes, at) & mask; ; place = (place + 1) & mask) {
      const entry = this.#table[place]!;
      if (entry === 0) return place;
      const piece = this.#pieces[(entry - 1) >> pieceBits]!;
      if (sameBytes(bytes, at, piece, ((entry - 1) % pieceCount) * size)) return place;
    }
  }

  /** Multilinear hashing: the high bits of a sum of products with secret odd numbers. */
  #hash(bytes: Buffer, at: number): number {
    let sum = 0;
    for (let word = 0; word < size / 4; word++) {
      sum = (sum + Math.imul(word32(bytes, at + word * 4), this.#secret[word]! | 1)) | 0;
    }
    return (sum ^ (sum >>> 15)) >>> 0;
  }
}

function word32(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function sameBytes(a: Buffer, atA: number, b: Buffer, atB: number): boolean {
  for (let index = 0; index < size; index++) if (a[atA + index] !== b[atB + index]) return false;
  return true;
}
