// SPDX-License-Identifier: Apache-2.0
import { test } from "node:test";
import { runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

for (const target of targets) {
  test(`damaged input is refused or decoded: ${target.name}`, async () => {
    // What is good input must be good, or the damaged input says nothing.
    for (const seed of target.seeds) await target.run(Buffer.from(seed));
    await runTarget(target, 3000, 1);
  });
}
