// SPDX-License-Identifier: Apache-2.0
import type { TimedLine } from "./timed-format.ts";

/**
 * Passes on the lines of all, the earliest first. Of each source no more than one line is held, which is read when the one before has
 * been taken. Where one is not sorted itself, as when a clock was set back, it stays as it is.
 * @returns the index of the source with each line
 */
export async function* mergeLines(
  sources: readonly AsyncIterable<TimedLine>[],
  newestFirst: boolean,
): AsyncGenerator<readonly [source: number, text: string]> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = async (index: number) => {
    const { value, done } = await iterators[index]!.next();
    return done === true ? undefined : (value as TimedLine);
  };
  const heads = await Promise.all(iterators.map((_, index) => next(index)));
  let last = 0;
  for (;;) {
    let first: number | undefined;
    for (const [index, head] of heads.entries()) {
      if (head === undefined) continue;
      const other = first === undefined ? undefined : heads[first]!;
      const isBefore = other === undefined || (newestFirst ? head.time > other.time : head.time < other.time);
      // The lines of one entry have one time, and stay together.
      if (isBefore || (index === last && head.time === other.time)) first = index;
    }
    if (first === undefined) return;
    yield [first, heads[first]!.text];
    last = first;
    heads[first] = await next(first);
  }
}
