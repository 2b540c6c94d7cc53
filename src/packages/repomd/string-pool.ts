// SPDX-License-Identifier: Apache-2.0
/**
 * Strings by number, each once, in one buffer with a hash table over it: a million strings cost their bytes and some 16
 * more each, no objects, and need nothing but reading to be loaded. Number 0 is the empty string.
 */
import { packageError } from "../errors.ts";
import { collided, hashBytes, probeLimit } from "./hash.ts";
import { NumberList } from "./number-list.ts";

export class StringPoolBuilder {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #length = 0;
  readonly #ends = new NumberList();
  /** Two numbers a place: hash, and number of the string or 0. */
  #slots = new Uint32Array(2 << 12);

  constructor() {
    this.#ends.push(0);
  }

  /** The number of a string. @param text one character for each byte */
  intern(text: string): number {
    if (text === "") return 0;
    const hash = hashBytes(text);
    const slots = this.#slots;
    const mask = slots.length - 1;
    // Hash and number side by side: one step is one line of the processor's cache.
    let place = (hash << 1) & mask;
    for (let steps = 0; ; steps++, place = (place + 2) & mask) {
      const id = slots[place + 1]!;
      if (id === 0) return this.#add(text, hash, place);
      if (slots[place] === hash && this.#equals(id, text)) return id;
      if (steps > probeLimit) throw collided();
    }
  }

  build(): StringPool {
    const table = new Uint32Array(this.#slots.length / 2);
    for (let place = 0; place < table.length; place++) table[place] = this.#slots[2 * place + 1]!;
    return new StringPool(this.#bytes.subarray(0, this.#length), this.#ends.view(), table);
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
    this.#slots[place] = hash;
    this.#slots[place + 1] = id;
    if (id * 4 > this.#slots.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    const old = this.#slots;
    const slots = new Uint32Array(old.length * 2);
    const mask = slots.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue;
      let place = (old[from]! << 1) & mask;
      while (slots[place + 1] !== 0) place = (place + 2) & mask;
      slots[place] = old[from]!;
      slots[place + 1] = old[from + 1]!;
    }
    this.#slots = slots;
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
