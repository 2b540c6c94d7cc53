// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { startSystemd } from "../systemd-fixture.ts";

test("system containers run, are updated, go back, and leave nothing", async (t) => {
  const machine = await startSystemd(t);
  const inside = join(import.meta.dirname, "inside.ts");
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", "--test-reporter=spec", inside];
  // Its tests are not reported as this runner's own.
  const { code, stdout, stderr } = await machine.run("env", ["-u", "NODE_TEST_CONTEXT", ...node], [0, 1]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^ℹ pass 10$/m);
});
