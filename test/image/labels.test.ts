// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { getXattr, setXattr } from "../../src/base/index.ts";
import { isLabelled, labelSysroot } from "../../src/image/index.ts";

// Security attributes need root.

const deployment = "ostree/deploy/os/deploy/abc.0";

test("what no commit labels gets the type of its place, and nothing else is touched", (context) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-labels-"));
  context.after(() => rmSync(root, { recursive: true }));
  const put = (path: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  };
  const type = (path: string) => getXattr(join(root, path), "security.selinux")?.toString().split(":")[2];
  for (const path of ["ostree/repo/config", "ostree/repo/objects/aa/bb.file", `${deployment}/file`]) put(path);
  for (const path of [`${deployment}.origin`, "ostree/deploy/os/var/lib/x", "boot/loader.1/grub.cfg"]) put(path);
  symlinkSync("loader.1", join(root, "boot/loader"));
  setXattr(join(root, deployment, "file"), "security.selinux", Buffer.from("system_u:object_r:etc_t:s0\0"));
  mkdirSync(join(root, "boot/ostree"));
  linkSync(join(root, "ostree/repo/objects/aa/bb.file"), join(root, "boot/ostree/vmlinuz"));

  assert.equal(isLabelled(join(root, deployment)), false);
  labelSysroot(root);
  const found = Object.fromEntries(
    [
      "",
      "boot",
      "boot/loader",
      "boot/loader.1/grub.cfg",
      "ostree",
      "ostree/repo/config",
      "ostree/repo/objects/aa",
      "ostree/deploy/os",
      `${deployment}.origin`,
      "ostree/deploy/os/var",
      "ostree/deploy/os/var/lib/x",
    ].map((path) => [path, type(path)]),
  );
  assert.deepEqual(found, {
    "": "root_t",
    boot: "boot_t",
    "boot/loader": "boot_t",
    "boot/loader.1/grub.cfg": "boot_t",
    ostree: "usr_t",
    "ostree/repo/config": "usr_t",
    "ostree/repo/objects/aa": "usr_t",
    "ostree/deploy/os": "usr_t",
    "ostree/deploy/os/deploy/abc.0.origin": "usr_t",
    "ostree/deploy/os/var": "var_t",
    "ostree/deploy/os/var/lib/x": "var_t",
  });
  assert.equal(type(`${deployment}/file`), "etc_t");
  for (const path of [deployment, "ostree/repo/objects/aa/bb.file", "boot/ostree/vmlinuz"]) {
    assert.equal(type(path), undefined, path);
  }
});
