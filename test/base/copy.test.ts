// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { copyFile, copyTree, getXattr, makeNode, setXattr } from "../../src/base/index.ts";

// Needs root: it gives files away.
test("a tree is copied with owners, modes, links and extended attributes; other kinds are left out", (t) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-copy-"));
  t.after(() => rmSync(root, { recursive: true }));
  const from = join(root, "from");
  mkdirSync(join(from, "d"), { recursive: true });
  writeFileSync(join(from, "d/suid"), "x");
  chownSync(join(from, "d/suid"), 12, 34);
  chmodSync(join(from, "d/suid"), 0o4755);
  setXattr(join(from, "d/suid"), "user.a", Buffer.from("1"));
  symlinkSync("nowhere", join(from, "link"));
  makeNode(join(from, "fifo"), 0o10644);
  chmodSync(join(from, "d"), 0o1777);

  copyTree(from, join(root, "to"));
  const stat = lstatSync(join(root, "to/d/suid"));
  assert.deepEqual([stat.mode & 0o7777, stat.uid, stat.gid], [0o4755, 12, 34]);
  assert.equal(getXattr(join(root, "to/d/suid"), "user.a")?.toString(), "1");
  assert.equal(lstatSync(join(root, "to/d")).mode & 0o7777, 0o1777);
  assert.equal(readlinkSync(join(root, "to/link")), "nowhere");
  assert.throws(() => lstatSync(join(root, "to/fifo")), { code: "ENOENT" });
  assert.equal(copyFile(join(from, "fifo"), join(root, "to/fifo")), false);
  assert.throws(() => copyFile(join(from, "link"), join(root, "to/link")), { code: "EEXIST" });
});
