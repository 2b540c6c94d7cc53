// SPDX-License-Identifier: Apache-2.0
// A small part of `node --run torture`, which does the same at every call of every scenario. Needs root and strace.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scratch } from "../host/fixture.ts";
import { Torture } from "./torture.ts";

test("a rollback that is cut short leaves the old or the new order, whatever a power cut loses", async (t) => {
  using torture = await Torture.prepare("rollback", scratch(t));
  assert.ok(torture.cutPower() > 500);
  const { runs } = await torture.run({ every: { kill: 10, EIO: 30, ENOSPC: 6, full: 3 }, jobs: 2 });
  assert.ok(
    Object.values(runs).every((count) => count > 0),
    JSON.stringify(runs),
  );
});
