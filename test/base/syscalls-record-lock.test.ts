// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { tryRecordLock } from "../../src/base/index.ts";

test("a record lock excludes another open file description and ends with its closing", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-lock-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "lock");
  const first = openSync(path, "a+");
  const second = openSync(path, "a+");
  assert.equal(tryRecordLock(first, false), true);
  assert.equal(tryRecordLock(second, false), true, "shared locks go together");
  assert.equal(tryRecordLock(second, true), false);
  closeSync(first);
  assert.equal(tryRecordLock(second, true), true);
  closeSync(second);
});
