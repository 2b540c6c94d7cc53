// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hostError, nextBootVersion, otherBootVersions, readBootVersion } from "../../src/host/index.ts";
import { scratch } from "./fixture.ts";

test("the version flips with the menu, the subversion with the links", (t) => {
  const root = scratch(t);
  mkdirSync(join(root, "boot"));
  mkdirSync(join(root, "ostree"));
  assert.deepEqual(readBootVersion(root), { version: 0, sub: 0 }, "nothing yet");
  assert.deepEqual(nextBootVersion(root, { version: 0, sub: 0 }, true), { version: 1, sub: 1 });

  symlinkSync("loader.1", join(root, "boot/loader"));
  symlinkSync("boot.1.1", join(root, "ostree/boot.1"));
  const now = readBootVersion(root);
  assert.deepEqual(now, { version: 1, sub: 1 });
  assert.deepEqual(nextBootVersion(root, now, false), { version: 1, sub: 0 });
  assert.deepEqual(nextBootVersion(root, now, true), { version: 0, sub: 1 });
  // What an interrupted change left there is not reused.
  symlinkSync("boot.0.1", join(root, "ostree/boot.0"));
  assert.deepEqual(nextBootVersion(root, now, true), { version: 0, sub: 0 });
  assert.equal(otherBootVersions(now).length, 3);
});

test("links that lead elsewhere are an error, not a guess", (t) => {
  const root = scratch(t);
  mkdirSync(join(root, "boot"));
  mkdirSync(join(root, "ostree"));
  symlinkSync("../evil", join(root, "boot/loader"));
  assert.throws(
    () => readBootVersion(root),
    (error) => hostError.is(error, "bad-sysroot"),
  );
  rmSync(join(root, "boot/loader"));
  symlinkSync("boot.0.7", join(root, "ostree/boot.0"));
  assert.throws(
    () => readBootVersion(root),
    (error) => hostError.is(error, "bad-sysroot"),
  );
});
