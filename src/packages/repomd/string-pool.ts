// SPDX-License-Identifier: Apache-2.0
/**
 * Strings by number, each once, in one buffer with a hash table over it: a million strings cost their bytes and some 16
 * more each, no objects, and need nothing but reading to be loaded. Number 0 is the empty string.
 */
import { packageError } from "../errors.ts";
import { NumberList } from "./number-list.ts";

/**
 * Honest names need some ten steps at this load; more are a repository made so that its names fall on one place, which
 * would take quadratic time.
 */
const probeLimit = 2048;

function hashBytes(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/** Murmur3's finalizer: FNV-1a's low bits alone are weak. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export class StringPoolBuilder {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #length = 0;
  readonly #ends = new NumberList();
  #table = new Uint32Array(1 << 12);
  readonly #hashes = new NumberList();

  constructor() {
    this.#ends.push(0);
    this.#hashes.push(0);
  }

  /** The number of a string. @param text one character for each byte */
  intern(text: string): number {
    if (text === "") return 0;
    const hash = hashBytes(text);
    const mask = this.#table.length - 1;
    let place = hash & mask;
    for (let steps = 0; ; steps++, place = (place + 1) & mask) {
      const id = this.#table[place]!;
      if (id === 0) return this.#add(text, hash, place);
      if (this.#hashes.at(id) === hash && this.#equals(id, text)) return id;
      if (steps > probeLimit) throw packageError("bad-index", "the names of an index are made to collide");
    }
  }

  build(): StringPool {
    return new StringPool(this.#bytes.subarray(0, this.#length), this.#ends.view(), this.#table);
  }

  #add(text: string, hash: number, place: number): number {
    const end = this.#length + text.length;
    if (end > this.#bytes.length) {
      if (end > 1 << 30) throw packageError("bad-index", "the names of an index take more than 1 GiB");
      const grown = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.write(text, this.#length, "latin1");
    this.#length = end;
    const id = this.#ends.length;
    this.#ends.push(end);
    this.#hashes.push(hash);
    this.#table[place] = id;
    if (id * 2 > this.#table.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    const mask = this.#table.length - 1;
    for (let id = 1; id < this.#hashes.length; id++) {
      let place = this.#hashes.at(id) & mask;
      while (this.#table[place] !== 0) place = (place + 1) & mask;
      this.#table[place] = id;
    }
  }

  #equals(id: number, text: string): boolean {
    const start = this.#ends.at(id - 1);
    if (this.#ends.at(id) - start !== text.length) return false;
    for (let at = 0; at < text.length; at++) if (this.#bytes[start + at] !== text.charCodeAt(at)) return false;
    return true;
  }
}

export class StringPool {
  readonly #bytes: Buffer;
  readonly #ends: Uint32Array;
  readonly #table: Uint32Array;

  /** @param ends end of each string in `bytes`, that of number 0 first */
  constructor(bytes: Buffer, ends: Uint32Array, table: Uint32Array) {
    this.#bytes = bytes;
    this.#ends = ends;
    this.#table = table;
  }

  get parts(): readonly [Buffer, Uint32Array, Uint32Array] {
    return [this.#bytes, this.#ends, this.#table];
  }

  get(id: number): string {
    return id === 0 ? "" : this.#bytes.toString("utf8", this.#ends[id - 1], this.#ends[id]);
  }

  /** The number of a string; `undefined` when it is not in the pool. */
  find(text: string): number | undefined {
    if (text === "") return 0;
    const wanted = Buffer.from(text);
    const mask = this.#table.length - 1;
    for (let place = hashBytes(wanted.toString("latin1")) & mask; ; place = (place + 1) & mask) {
      const id = this.#table[place]!;
      if (id === 0) return undefined;
      const [start, end] = [this.#ends[id - 1]!, this.#ends[id]!];
      if (end - start === wanted.length && this.#bytes.compare(wanted, 0, wanted.length, start, end) === 0) return id;
    }
  }
}
