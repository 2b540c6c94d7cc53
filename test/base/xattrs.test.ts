// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { getXattr, listXattrs, readXattrs, readXattrsOf, removeXattr, setXattr } from "../../src/base/index.ts";
import { temporary } from "../ostree/fixture.ts";

test("attributes of any length are read, from paths and from open files", () => {
  using scratch = temporary();
  const path = join(scratch.path, "file");
  const fd = openSync(path, "w");
  // Around the size that is offered to the kernel at first; file systems hold hardly more than this.
  const sizes = [1, 200, 1023, 1024, 1025];
  for (const size of sizes) {
    setXattr(path, "user.x", Buffer.alloc(size, "v"));
    assert.equal(getXattr(path, "user.x")?.length, size);
    assert.deepEqual(readXattrsOf(fd), [{ name: "user.x", value: Buffer.alloc(size, "v") }]);
  }
  removeXattr(path, "user.x");
  assert.equal(getXattr(path, "user.x"), undefined);
  const names = Array.from({ length: 40 }, (_, index) => `user.${"long-name".repeat(4)}${index}`);
  for (const name of names) setXattr(path, name, Buffer.from("1"));
  assert.deepEqual(listXattrs(path).sort(), names.toSorted());
  assert.deepEqual(readXattrs(path), readXattrsOf(fd));
  assert.throws(() => getXattr(join(scratch.path, "none"), "user.x"), { code: "ENOENT", syscall: "lgetxattr" });
  closeSync(fd);
});
