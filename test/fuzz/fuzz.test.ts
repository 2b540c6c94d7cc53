// SPDX-License-Identifier: Apache-2.0
import { test } from "node:test";
import { runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

for (const target of targets) {
  test(`damaged input is refused or decoded: ${target.name}`, () => {
    // What is good input must be good, or the damaged input says nothing.
    for (const seed of target.seeds) target.run(Buffer.from(seed));
    runTarget(target, 3000, 1);
  });
}
