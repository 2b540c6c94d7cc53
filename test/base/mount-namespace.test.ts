// SPDX-License-Identifier: Apache-2.0
// Needs root.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inMountNamespace } from "../../src/base/index.ts";

test("work in another mount namespace sees its mounts, so do programs that it starts; then all is as before", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-mounts-"));
  t.after(() => rmdirSync(directory));
  const script = `mount -t tmpfs none "$0" && touch "$0/inside" && echo ready && read end`;
  const other = spawn("unshare", ["--mount", "sh", "-c", script, directory], { stdio: ["pipe", "pipe", "inherit"] });
  await once(other.stdout, "data");
  const before = process.cwd();
  const [seen, listed] = inMountNamespace(`/proc/${other.pid}/ns/mnt`, () => [
    existsSync(join(directory, "inside")),
    spawnSync("ls", [directory], { encoding: "utf8" }).stdout,
  ]);
  assert.deepEqual([seen, listed], [true, "inside\n"]);
  assert.deepEqual([existsSync(join(directory, "inside")), process.cwd()], [false, before]);
  other.stdin.end();
  await once(other, "close");
});
