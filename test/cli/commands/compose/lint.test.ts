// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

const entry = resolve(import.meta.dirname, "../../../../src/cli/atomic.ts");
let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "lint-cli-"));
  mkdirSync(join(scratch, "tree/var/log"), { recursive: true });
  for (let at = 0; at < 7; at++) writeFileSync(join(scratch, `tree/var/log/${at}.log`), "built");
});
after(() => rmSync(scratch, { recursive: true }));

function lint(...args: string[]) {
  const argv = ["--disable-warning=ExperimentalWarning", entry, "compose", "lint", ...args];
  return spawnSync(process.execPath, argv, { cwd: scratch, encoding: "utf8" });
}

test("faults are told by lint, five of each, with a hint; errors end with 1", () => {
  const { status, stdout } = lint("tree");
  assert.equal(status, 1);
  assert.match(stdout, /^error\[api-base-directories\]:\n  \/dev is missing\n/);
  assert.match(
    stdout,
    /^warning\[var-log\]:\n(?:  \/var\/log\/\d.log is a log of the build\n){5}  \.\.\. and 2 more\n/m,
  );
  assert.match(stdout, /^Lints: \d+ passed, 3 errors, 3 warnings, 1 note$/m);
  assert.match(lint("tree", "--no-truncate").stdout, /6.log is a log/);
});

test("warnings end with 0, unless they are made fatal", () => {
  const errors = (
    JSON.parse(lint("tree", "--json").stdout) as { findings: { lint: string; severity: string }[] }
  ).findings
    .filter(({ severity }) => severity === "error")
    .map((one) => `--skip=${one.lint}`);
  assert.equal(lint("tree", ...errors).status, 0);
  assert.equal(lint("tree", ...errors, "--fatal-warnings").status, 1);
});

test("the lints are listed, and what is no tree is told", () => {
  assert.match(lint("--list").stdout, /^var-run\terror\t\/var\/run is a link to \/run/m);
  const { status, stderr } = lint("no/such/ref");
  assert.equal(status, 2);
  assert.match(stderr, /no file and no directory, and no --repo/);
});
