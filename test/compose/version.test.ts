// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextVersion } from "../../src/compose/version.ts";

/** 2026-03-09 11:05 UTC. */
const now = Date.UTC(2026, 2, 9, 11, 5) / 1000;

const cases: [prefix: string, separator: string, last: string | undefined, next: string][] = [
  ["10", ".", undefined, "10"],
  ["10", ".", "", "10"],
  ["10", ".", "xyz", "10"],
  ["10", ".", "9", "10"],
  ["10", ".", "11", "10"],
  ["10", ".", "10", "10.1"],
  ["10.1", ".", "10.1.5", "10.1.6"],
  ["10.1", ".", "10.1.1.5", "10.1.2"],
  ["10.1", ".", "10.10", "10.1"],
  ["10", "-", "10-1", "10-2"],
  ["10", "-", "10", "10-1"],
  ["10.<date:%Y%m%d>", ".", undefined, "10.20260309.0"],
  ["10.<date:%Y%m%d>", ".", "10.20260309.0", "10.20260309.1"],
  ["10.<date:%Y%m%d>", ".", "10.20260308.3", "10.20260309.0"],
  ["<date:%y.%m-%H:%M %j%%>", ".", undefined, "26.03-11:05 068%.0"],
];

for (const [prefix, separator, last, next] of cases) {
  test(`${prefix} after ${last}: ${next}`, () => assert.equal(nextVersion(prefix, separator, last, now), next));
}
