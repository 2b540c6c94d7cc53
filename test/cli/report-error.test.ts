// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { progressListener } from "../../src/cli/progress.ts";
import { reportError } from "../../src/cli/report-error.ts";
import { gearError } from "../../src/gear/index.ts";

const style = { terminal: false, color: false, columns: 80, verbose: false };

test("words of others in errors and progress do nothing to a terminal", () => {
  const hostile = "x\u001b[2J\u009b31m\r\u202ey\nz\tä";
  const shown = "x\u{fffd}[2J\u{fffd}31m\u{fffd}\u{fffd}y\nz\tä";
  assert.equal(
    reportError(gearError("conflict", hostile, { hint: hostile }), style, false).text,
    `error[gear-conflict]: ${shown}\n  hint: ${shown}`,
  );
  assert.ok(!reportError(new Error(hostile), style, false).text.includes("\u001b"));
  let written = "";
  progressListener("plain", style, (text) => (written += text))({ type: "warning", text: hostile });
  assert.equal(written, `warning: ${shown}\n`);
});
