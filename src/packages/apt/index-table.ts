// SPDX-License-Identifier: Apache-2.0

/** Keys with numbers, as sorted lines `key n n`: found by bisection, so that loading it costs a split and nothing more. */
export class IndexTable {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text === "" ? [] : text.split("\n");
  }

  /** @param pairs `key number` each; the numbers of a key keep their order */
  static fromPairs(pairs: readonly string[]): IndexTable {
    const numbers = new Map<string, string>();
    for (const pair of pairs) {
      const blank = pair.indexOf(" ");
      const key = pair.slice(0, blank);
      const found = numbers.get(key);
      numbers.set(key, found === undefined ? pair.slice(blank) : found + pair.slice(blank));
    }
    const keys = [...numbers.keys()].sort();
    return new IndexTable(keys.map((key) => key + numbers.get(key)).join("\n"));
  }

  get(key: string): number[] {
    // A blank sorts before every character of a name, so that `key ` is at or before the line of the key.
    const wanted = `${key} `;
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#lines[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    const line = this.#lines[low];
    if (line === undefined || !line.startsWith(wanted)) return [];
    return line.slice(wanted.length).split(" ").map(Number);
  }

  *keys(): IterableIterator<string> {
    for (const line of this.#lines) yield line.slice(0, line.indexOf(" "));
  }

  toString(): string {
    return this.#lines.join("\n");
  }
}
