// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  lockFile,
  removeTree,
  safeRelative,
  setImmutable,
  waitForLock,
  writeFileAtomic,
} from "../../src/base/index.ts";

const scratch = (name: string) => mkdtempSync(join(tmpdir(), `atomic-${name}-`));

test("writeFileAtomic replaces whole, keeps the mode asked for and leaves nothing else behind", () => {
  const directory = scratch("write");
  const path = join(directory, "file");
  writeFileSync(path, "old and longer");
  writeFileAtomic(path, "new", { mode: 0o600 });
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), ["file"]);
  rmSync(directory, { recursive: true });
});

test("safeRelative cleans a path, and refuses one that climbs", () => {
  assert.equal(safeRelative("./usr//bin/", "p"), "usr/bin");
  assert.equal(safeRelative("/etc/passwd", "p"), "etc/passwd");
  assert.equal(safeRelative("./", "p"), "");
  assert.equal(safeRelative("a/..b/c", "p"), "a/..b/c");
  for (const path of ["../x", "usr/../../etc/passwd", "./..", "a\0b"]) {
    assert.throws(() => safeRelative(path, "p"), { code: "base-unsafe" }, path);
  }
});

test("a lock excludes a second holder until it is released", () => {
  const directory = scratch("lock");
  const path = join(directory, ".lock");
  {
    using _held = lockFile(path);
    assert.throws(() => lockFile(path, { timeoutMs: 60 }), { code: "base-busy" });
  }
  lockFile(path).release();
  {
    using _one = lockFile(path, { exclusive: false });
    using _two = lockFile(path, { exclusive: false });
  }
  rmSync(directory, { recursive: true });
});

test("a lock is waited for while its holder in the same process goes on", async () => {
  const directory = scratch("wait");
  const path = join(directory, ".lock");
  const held = lockFile(path, { record: true });
  setTimeout(() => held.release(), 60);
  using _later = await waitForLock(path, { record: true, timeoutMs: 30_000 });
  await assert.rejects(waitForLock(path, { record: true, timeoutMs: 1 }), { code: "base-busy" });
  rmSync(directory, { recursive: true });
});

test("removeTree removes a tree with immutable directories, and nothing is no error", () => {
  const directory = scratch("remove");
  mkdirSync(join(directory, "root/a"), { recursive: true });
  writeFileSync(join(directory, "root/a/f"), "");
  setImmutable(join(directory, "root"), true);
  removeTree(join(directory, "root"));
  removeTree(join(directory, "root"));
  assert.deepEqual(readdirSync(directory), []);
  rmSync(directory, { recursive: true });
});
