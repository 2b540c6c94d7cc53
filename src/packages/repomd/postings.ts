// SPDX-License-Identifier: Apache-2.0
import { NumberList } from "./number-list.ts";

/** Numbers of packages by the number of a string: sorted keys, and for each the stretch of its items. */
export class Postings {
  readonly keys: Uint32Array;
  /** Where the items of each key start, and the end of the last. */
  readonly starts: Uint32Array;
  readonly items: Uint32Array;

  constructor(keys: Uint32Array, starts: Uint32Array, items: Uint32Array) {
    this.keys = keys;
    this.starts = starts;
    this.items = items;
  }

  /** The items of `key` in the order in which they were added, each once. */
  get(key: number): Uint32Array {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return this.keys[low] === key ? this.items.subarray(this.starts[low]!, this.starts[low + 1]) : empty;
  }
}

const empty = new Uint32Array(0);

export class PostingsBuilder {
  readonly #keys = new NumberList();
  readonly #items = new NumberList();

  add(key: number, item: number): void {
    this.#keys.push(key);
    this.#items.push(item);
  }

  /** @param keyCount one more than the largest key */
  build(keyCount: number): Postings {
    const given = this.#keys.view();
    const items = this.#items.view();
    // Counting sort: how many of each key, then where each key starts, then every item to its place.
    const places = new Uint32Array(keyCount + 1);
    for (const key of given) places[key + 1]!++;
    for (let key = 1; key <= keyCount; key++) places[key]! += places[key - 1]!;
    const sorted = new Uint32Array(items.length);
    const next = places.slice();
    for (let index = 0; index < given.length; index++) sorted[next[given[index]!]!++] = items[index]!;
    return compact(places, sorted, keyCount);
  }
}

/** Leaves out keys without items, and items that follow themselves. */
function compact(places: Uint32Array, sorted: Uint32Array, keyCount: number): Postings {
  const keys = new NumberList();
  const starts = new NumberList();
  const kept = new NumberList();
  for (let key = 0; key < keyCount; key++) {
    const [from, to] = [places[key]!, places[key + 1]!];
    if (from === to) continue;
    keys.push(key);
    starts.push(kept.length);
    for (let at = from; at < to; at++) if (at === from || sorted[at] !== sorted[at - 1]) kept.push(sorted[at]!);
  }
  starts.push(kept.length);
  return new Postings(keys.view().slice(), starts.view().slice(), kept.view().slice());
}
