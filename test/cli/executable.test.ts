// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { isCurrent } from "../../src/cli/executable.ts";

const checkout = mkdtempSync(join(tmpdir(), "atomic-checkout-"));
after(() => rmSync(checkout, { recursive: true }));

function put(path: string, time: number): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), "");
  utimesSync(join(checkout, path), time, time);
}

const parts = [
  "src/cli/main.ts",
  "tools/build.ts",
  "package.json",
  "examples/fedora.yaml",
  "examples/fedora.repo",
  "system/systemd/a.service.d/a.conf",
];

test("the executable is built again when a source, an example or a unit has changed", () => {
  for (const path of parts) put(path, 1000);
  assert.equal(isCurrent(checkout), false, "there is none");
  put("dist/atomic", 2000);
  assert.equal(isCurrent(checkout), true);
  for (const path of parts) {
    put(path, 3000);
    assert.equal(isCurrent(checkout), false, path);
    put(path, 1000);
  }
  put("docs/guide.md", 3000);
  assert.equal(isCurrent(checkout), true, "what the executable does not carry");
});
