// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseVerificationKeys, verifyJournals } from "../../../src/gear/journal/index.ts";

test("what is verified is every file itself, and every journal that there is a key of", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-verify-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const own = join(directory, "0".repeat(32));
  mkdirSync(own);
  // As a pattern it would be `a.journal`.
  writeFileSync(join(own, "[a].journal"), "");
  const files = await verifyJournals(parseVerificationKeys("host 00/1-2\nacme 00/1-2\n"), directory);
  assert.deepEqual(
    files.map(({ journal, path, state, reason }) => [journal, path, state, reason]),
    [
      ["host", join(own, "[a].journal"), "failed", "journald gives no file such a name"],
      ["acme", directory, "failed", "it has a key, and no file is there"],
    ],
  );
});
