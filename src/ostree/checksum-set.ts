// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";

const size = 32;
/** Checksums in one piece of the store, a power of two: what is full is never copied again. */
const pieceBits = 14;
const pieceCount = 1 << pieceBits;

/**
 * A set of checksums as bytes: a fifth of the memory of one of strings, and none of the work of making them. They may be
 * a stranger's choice, so their places in the table depend on a secret.
 */
export class ChecksumSet {
  #pieces: Buffer[] = [];
  #count = 0;
  /** Number of a checksum in the pieces, plus one; 0 is free. */
  #table = new Uint32Array(1024);
  readonly #secret = new Int32Array(new Uint8Array(randomBytes(size)).buffer);

  get size(): number {
    return this.#count;
  }

  /** @param at where the 32 bytes begin */
  add(bytes: Buffer, at: number): void {
    const place = this.#find(bytes, at);
    if (this.#table[place] !== 0) return;
    const number = this.#count++;
    if (number % pieceCount === 0) this.#pieces.push(Buffer.allocUnsafeSlow(pieceCount * size));
    bytes.copy(this.#pieces[number >> pieceBits]!, (number % pieceCount) * size, at, at + size);
    this.#table[place] = number + 1;
    if (this.#count * 2 > this.#table.length) this.#grow();
  }

  has(bytes: Buffer, at: number): boolean {
    return this.#table[this.#find(bytes, at)] !== 0;
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
