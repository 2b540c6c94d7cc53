// SPDX-License-Identifier: Apache-2.0
/** libsolv's own test cases: their transactions are ours. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCase } from "./libsolv-case.ts";

const data = join(import.meta.dirname, "../../../../../shared/data/solver/libsolv");

for (const path of globSync("*/*.t", { cwd: data }).sort()) {
  const outcomes = runCase(readFileSync(join(data, path), "utf8"));
  // Others are about libsolv's inside: its rules, proofs, selections.
  if (outcomes.length === 0) continue;
  test(path, () => {
    for (const { expected, found } of outcomes) assert.deepEqual(found, expected);
  });
}
