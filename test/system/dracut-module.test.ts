// SPDX-License-Identifier: Apache-2.0
// The dracut module, with dracut's functions writing down what they were asked for.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";

const module = join(import.meta.dirname, "../../system/dracut/99atomic-signed-root");

/** Asks the module as dracut does, about the root of a tree. */
function dracut(t: TestContext, files: Readonly<Record<string, string>>, script: string) {
  const root = mkdtempSync(join(tmpdir(), "atomic-dracut-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const places = `moddir=${module} dracutsysrootdir=${root} initdir=${root}/initdir systemdsystemunitdir=/units`;
  const words = ["-c", `. ${module}/module-setup.sh; ${places}; ${script}`];
  const { status, stdout, stderr } = spawnSync("bash", words, { encoding: "utf8" });
  return { root, status, stdout, stderr };
}

const signed = { "usr/lib/ostree/prepare-root.conf": "[composefs]\nenabled = signed\n" };
const keys = { "etc/ostree/initramfs-root-binding.key": "AAAA\n" };
const stubs =
  "inst_multiple() { :; }; inst_simple() { echo ${2:-$1}; }; inst_script() { echo $2; }; dfatal() { echo $1 >&2; }; ";
/** libostree without Ed25519, and with it. */
const ostree = (features: string) => `ostree() { echo ${features}; }; `;

test("it is wanted where the root must be signed and libostree cannot verify that", (t) => {
  const check = `${stubs}${ostree("composefs")}check`;
  assert.equal(dracut(t, {}, check).status, 255);
  assert.equal(dracut(t, { ...signed, ...keys }, check).status, 0);
  assert.equal(dracut(t, { ...signed, ...keys }, `${stubs}${ostree("sign-ed25519")}check`).status, 255);
  const without = dracut(t, signed, check);
  assert.deepEqual([without.status, /has no key/.test(without.stderr)], [1, true]);
});

test("the initramfs gets the keys and what verifies them, and requires fs-verity by itself", (t) => {
  const config = "initdir/usr/lib/ostree/prepare-root.conf";
  const { root, status, stdout } = dracut(
    t,
    { ...signed, ...keys, [config]: "[composefs]\nenabled = signed\n[sysroot]\nreadonly = true\n" },
    `${stubs}install`,
  );
  assert.equal(status, 0);
  assert.deepEqual(stdout.trim().split("\n"), [
    "/etc/ostree/initramfs-root-binding.key",
    "/usr/lib/atomic/verify-root",
    "/units/atomic-verify-root.service",
    "/units/ostree-prepare-root.service.d/10-atomic.conf",
  ]);
  assert.equal(readFileSync(join(root, config), "utf8"), "[composefs]\nenabled = verity\n[sysroot]\nreadonly = true\n");
});
