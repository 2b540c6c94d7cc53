// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { onAbort, unlessAborted, untilAborted } from "../../src/base/index.ts";

const reason = new Error("enough");
const never = new Promise<never>(() => {});

/** A signal, and whether anybody still listens to it: what is forgotten there would be kept as long as the signal. */
function watched() {
  const controller = new AbortController();
  const { signal } = controller;
  return { signal, abort: () => controller.abort(reason), listeners: () => getEventListeners(signal, "abort").length };
}

test("work that ends before the signal is as without it, and nothing listens any more", async () => {
  const { signal, abort, listeners } = watched();
  assert.equal(await unlessAborted(signal, Promise.resolve(7)), 7);
  await assert.rejects(unlessAborted(signal, Promise.reject(new TypeError("own"))), { message: "own" });
  assert.equal(await unlessAborted(undefined, Promise.resolve(8)), 8);
  assert.equal(listeners(), 0);
  abort();
});

test("the signal ends the wait with its reason, before or after it began", async () => {
  const { signal, abort } = watched();
  const waiting = unlessAborted(signal, never);
  abort();
  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(unlessAborted(signal, never), (error) => error === reason);
});

test("items come until the signal does", async () => {
  const { signal, abort, listeners } = watched();
  async function* endless() {
    for (let number = 0; ; number++) {
      if (number === 3) await never;
      yield number;
    }
  }
  const seen: number[] = [];
  const reading = (async () => {
    for await (const item of untilAborted(signal, endless())) {
      seen.push(item);
      if (item === 2) setImmediate(abort);
    }
  })();
  await assert.rejects(reading, (error) => error === reason);
  assert.deepEqual([seen, listeners()], [[0, 1, 2], 0]);
});

test("all items of one that ends come, without a signal too", async () => {
  async function* few() {
    yield* ["a", "b"];
  }
  for (const signal of [undefined, new AbortController().signal]) {
    const seen: string[] = [];
    for await (const item of untilAborted(signal, few())) seen.push(item);
    assert.deepEqual(seen, ["a", "b"]);
  }
});

test("a listener is called once, at once when it comes too late, and never when it is disposed of", () => {
  const { signal, abort } = watched();
  const told: unknown[] = [];
  const first = onAbort(signal, (why) => told.push(["first", why]));
  onAbort(signal, (why) => told.push(["disposed", why]))[Symbol.dispose]();
  abort();
  first[Symbol.dispose]();
  onAbort(signal, (why) => told.push(["late", why]));
  onAbort(undefined, () => told.push("none"));
  assert.deepEqual(told, [
    ["first", reason],
    ["late", reason],
  ]);
});
