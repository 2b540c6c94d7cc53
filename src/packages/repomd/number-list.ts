// SPDX-License-Identifier: Apache-2.0

/** A growing list of numbers of 32 bits in one buffer: millions of them without an object for each. */
export class NumberList {
  #items = new Uint32Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: number): void {
    if (this.#length === this.#items.length) {
      const grown = new Uint32Array(this.#items.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    this.#items[this.#length++] = item;
  }

  at(index: number): number {
    return this.#items[index]!;
  }

  /** A view of the items; not to be used after the next `push`. */
  view(): Uint32Array {
    return this.#items.subarray(0, this.#length);
  }
}
