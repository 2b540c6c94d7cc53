// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { bootChecksum, bootFiles, findKernel, hostError, installKernel } from "../../src/host/index.ts";
import { existsSync, readFileSync, statSync } from "node:fs";
import { scratch } from "./fixture.ts";

function tree(root: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, "tree/usr/lib/modules", path)), { recursive: true });
    writeFileSync(join(root, "tree/usr/lib/modules", path), text);
  }
  return join(root, "tree");
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("kernel, initramfs and one device tree are hashed one after the other", (t) => {
  const layout = findKernel(
    tree(scratch(t), { "6.1/vmlinuz": "K", "6.1/initramfs.img": "I", "6.1/devicetree": "D", "6.1/.vmlinuz.hmac": "H" }),
  );
  assert.equal(bootChecksum(layout), sha256("KID"));
  assert.deepEqual(
    bootFiles(layout).map(({ name }) => name),
    ["vmlinuz-6.1", "initramfs-6.1.img", "devicetree-6.1", ".vmlinuz-6.1.hmac"],
  );
});

test("a directory of device trees counts in name order, all of it is installed", (t) => {
  const root = scratch(t);
  const layout = findKernel(tree(root, { "6.1/vmlinuz": "K", "6.1/dtb/b.dtb": "2", "6.1/dtb/a/c.dtb": "1" }));
  assert.equal(bootChecksum(layout), sha256("K12"));
  const of = { stateroot: "debian", bootChecksum: bootChecksum(layout) };
  mkdirSync(join(root, "boot"));
  installKernel(join(root, "boot"), layout, of);
  const set = join(root, "boot/ostree", `debian-${of.bootChecksum}`);
  assert.equal(readFileSync(join(set, "dtb/a/c.dtb"), "utf8"), "1");
  assert.equal(statSync(join(set, "vmlinuz-6.1")).ino, statSync(join(layout.directory, "vmlinuz")).ino, "a hard link");
  installKernel(join(root, "boot"), layout, of);
});

test("an initramfs may be missing, a kernel may not; directories without one are passed over", (t) => {
  const root = scratch(t);
  const layout = findKernel(tree(root, { "6.0/modules.dep": "", "6.1/vmlinuz": "K" }));
  assert.deepEqual([layout.version, layout.initramfs, bootChecksum(layout)], ["6.1", undefined, sha256("K")]);
  assert.throws(
    () => findKernel(join(root, "nothing")),
    (error) => hostError.is(error, "no-kernel"),
  );
  assert.equal(existsSync(join(root, "boot")), false);
});
