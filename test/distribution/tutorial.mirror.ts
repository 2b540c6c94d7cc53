// SPDX-License-Identifier: Apache-2.0
/** Runs docs/tutorial-rpm.md. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readBlocks, runHere } from "../boot/tutorial-blocks.ts";

const directory = mkdtempSync(join(tmpdir(), "atomic-tutorial-"));
after(() => rmSync(directory, { recursive: true, force: true }));

test("every command of the tutorial of RPM packages does what the page says", async () => {
  const blocks = readBlocks("tutorial-rpm.md");
  assert.ok(blocks.length > 8);
  let told = "";
  for (const { kind, text } of blocks) {
    assert.equal(kind, "sh");
    told += await runHere(text, directory);
  }
  const expected = [
    /^ *good {2}header {2}RSA\/SHA512/m,
    /^bash-.*asked for as bash$/m,
    /^libc6-.*required by/m,
    /^No changes$/m,
    /^bash-.*\.x86_64\ncoreutils-/m,
    /^6 times 7 is 42$/m,
    /Version: 1\.1$/m,
    /Added \(2\)\n +feature-lua .*\n +grep /,
    /^grep-.*asked for as grep\nErased:\nsed-/m,
  ];
  for (const pattern of expected) assert.match(told, pattern);
  assert.ok(!existsSync(join(directory, "repo")), "it cleans up");
});
