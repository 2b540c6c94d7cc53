// SPDX-License-Identifier: Apache-2.0
/**
 * `node --run torture`: changes of a system root are killed and made to fail at every system call that changes something,
 * and the states are enumerated that a power cut may leave.
 * After each the old or the new version boots, status and rollback work, the next run succeeds and nothing is left over.
 *
 *     node --run torture -- [--all] [SCENARIO...]
 *
 * Every call is killed at, and every fourth fails; with `--all` every call. Needs root and strace.
 */
import { existsSync, mkdtempSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { removeTree } from "../../src/base/index.ts";
import { type ScenarioName, scenarios } from "./scenarios.ts";
import { faults, Torture } from "./torture.ts";

const { values, positionals } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    jobs: { type: "string" },
  },
  allowPositionals: true,
});
const rare = values.all ? 1 : 4;
const every = { kill: 1, EIO: rare, ENOSPC: rare, full: rare };
const jobs = Number(values.jobs ?? availableParallelism());
// Thousands of copies are made: in memory where that is possible.
const scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "atomic-torture-"));
process.on("exit", () => removeTree(scratch));

const names = positionals.length > 0 ? (positionals as ScenarioName[]) : (Object.keys(scenarios) as ScenarioName[]);
const sums = new Map<string, number>();
let powerCuts = 0;
const began = performance.now();
for (const name of names) {
  using torture = await Torture.prepare(name, scratch);
  const states = torture.cutPower();
  const { calls, runs } = await torture.run({ every, jobs });
  powerCuts += states;
  const told = faults.map((fault) => `${runs[fault]} ${fault}`).join(", ");
  console.log(
    `${name}: ${calls} calls; ${told}; ${states} states after a power cut; ${Math.round((performance.now() - began) / 1000)} s`,
  );
  for (const fault of faults) sums.set(fault, (sums.get(fault) ?? 0) + runs[fault]);
}
console.log(
  `In all: ${[...sums].map(([fault, count]) => `${count} ${fault}`).join(", ")}. All of them left a whole system.`,
);
