// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

test("the example of the repository as a library runs as the package's users would run it", () => {
  const example = join(import.meta.dirname, "../examples/ostree-library.ts");
  const args = ["--disable-warning=ExperimentalWarning", example];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const lines = [
    "pulled what was published",
    "version 1.0",
    "dir /",
    "dir /usr",
    "dir /usr/bin",
    "file /usr/bin/hello",
    "#!/bin/sh",
    "6 objects, 0 damaged",
    "refused: Refspec 'no/such/ref' not found",
  ];
  assert.equal(stdout, `${lines.join("\n")}\n`);
});
