// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeLines, type TimedFormat, timedFormat, type TimedLine, timedLines } from "../../../src/gear/index.ts";

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

const source = (name: string, times: readonly number[]) => each(times.map((time, at) => ({ time, text: name + at })));

async function merged(sources: readonly AsyncIterable<TimedLine>[], newestFirst = false): Promise<string> {
  const texts: string[] = [];
  for await (const [, text] of mergeLines(sources, newestFirst)) texts.push(text);
  return texts.join(" ");
}

test("the earliest of all comes first, or the latest, and one that is not in order stays as it is", async () => {
  assert.equal(await merged([source("a", [1, 4, 9]), source("b", []), source("c", [2, 3, 9])]), "a0 c0 c1 a1 a2 c2");
  assert.equal(await merged([source("a", [9, 4]), source("b", [5, 1])], true), "a0 b0 a1 b1");
  assert.equal(await merged([source("a", [5, 1, 2]), source("b", [3, 4])]), "b0 b1 a0 a1 a2");
});

test("the lines of one entry stay together where others have the same time", async () => {
  assert.equal(await merged([source("a", [1, 2]), source("b", [2, 2, 2]), source("c", [2])]), "a0 a1 b0 b1 b2 c0");
  assert.equal(await merged([source("a", [2]), source("b", [1, 2, 2])]), "b0 b1 b2 a0");
});

test("of a source that never ends no more is read than one line", async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<TimedLine> {
    for (;;) yield { time: 10, text: String(read++) };
  }
  const lines = mergeLines([endless(), source("b", [1, 2, 3, 11])], false);
  for (let count = 0; count < 3; count++) assert.equal((await lines.next()).value?.[0], 1);
  assert.equal(read, 1);
  await lines.return(undefined);
});

async function timed(format: string, lines: readonly string[], time = 0): Promise<TimedLine[]> {
  const read: TimedLine[] = [];
  for await (const line of timedLines(each(lines), timedFormat(format) as TimedFormat, time)) read.push(line);
  return read;
}

test("what goes on with an entry, or says that there is none, has the time of what comes before", async () => {
  const lines = ["-- Boot 1 --", "100.000007 web1 app[1]: one", "                         two", "101.5 no time"];
  assert.deepEqual(await timed("short-unix", lines, 5), [
    { time: 5, text: lines[0] },
    { time: 100_000_007, text: lines[1] },
    { time: 100_000_007, text: lines[2] },
    { time: 100_000_007, text: lines[3] },
  ]);
});

test("a message is read from JSON as journalctl prints it, and its words are not taken for a time", async () => {
  const entry = (message: unknown) => JSON.stringify({ MESSAGE: message, __REALTIME_TIMESTAMP: "1700000000000001" });
  const messages = ['x","__REALTIME_TIMESTAMP":"1"', "two\nlines", [255, 65], ["one", [66]], null];
  assert.deepEqual(
    await timed("cat", messages.map(entry)),
    ['x","__REALTIME_TIMESTAMP":"1"', "two\nlines", "\u{FFFD}A", "one\nB", ""].map((text) => {
      return { time: 1_700_000_000_000_001, text };
    }),
  );
  const json = entry("x");
  assert.deepEqual(await timed("json", [json, "cut off"]), [
    { time: 1_700_000_000_000_001, text: json },
    { time: 1_700_000_000_000_001, text: "cut off" },
  ]);
});

test("other formats have no times that can be read", () => {
  for (const format of ["verbose", "export", "short-monotonic", "constructor"])
    assert.equal(timedFormat(format), undefined);
});
