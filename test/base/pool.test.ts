// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WorkerPool } from "../../src/base/index.ts";

test(
  "work given to a thread that did not start, or died, fails instead of waiting for ever",
  { timeout: 30_000 },
  async () => {
    using pool = new WorkerPool<string, string>("base/no-such", {}, 1);
    await assert.rejects(pool.run("before it is known"));
    await sleep(10);
    await assert.rejects(pool.run("afterwards"));
  },
);
