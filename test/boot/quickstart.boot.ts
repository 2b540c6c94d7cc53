// SPDX-License-Identifier: Apache-2.0
/** The README's first command as a newcomer gives it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "../../src/base/index.ts";

const root = join(import.meta.dirname, "../..");
const directory = mkdtempSync(join(tmpdir(), "atomic-quickstart-"));
after(() => rmSync(directory, { recursive: true, force: true }));

test("quickstart goes from packages to a machine that was upgraded and rolled back", async () => {
  const { stdout, stderr } = await run(join(root, "atomic"), ["quickstart", `--directory=${directory}`, "--json"]);
  const { steps } = JSON.parse(stdout) as { steps: { title: string; result: string; byHand: string[] }[] };
  const result = (title: string) => steps.find((step) => step.title.startsWith(title))?.result ?? assert.fail(title);
  assert.match(result("Boot"), /is-system-running: running\n/);
  assert.match(result("Upgrade"), /13\.1 → 13\.1\.1.*\n +Added \(1\)\n +tree /);
  assert.match(result("Reboot into the second"), /● .* booted[^]*Version: 13\.1\.1 [^]*\ntree v/);
  assert.match(result("Reboot into the first"), /● .* booted[^]*Version: 13\.1 [^]*tree is gone/);
  assert.match(result("Run a container"), /^hello from a container$/m);
  for (const { title, byHand } of steps) {
    assert.ok(byHand.length > 0, title);
    assert.ok(stderr.includes(title), title);
  }
});
