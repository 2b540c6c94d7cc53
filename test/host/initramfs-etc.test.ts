// SPDX-License-Identifier: Apache-2.0
// Tracked files in an initramfs, judged by cpio, and kernel arguments that a version asks for. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import {
  carryImageKernelArgs,
  deploy,
  encodeTrackedInitrd,
  imageKernelArgs,
  Sysroot,
  trackedFiles,
  trackInInitramfs,
  upgrade,
} from "../../src/host/index.ts";
import { bootInto, commitTree, newSysroot, ostree, ref, scratch } from "./fixture.ts";

test("cpio unpacks what is tracked, with the directories above; the bytes are the same each time", (t) => {
  const root = scratch(t);
  mkdirSync(join(root, "etc/a/b"), { recursive: true });
  writeFileSync(join(root, "etc/a/b/file"), "text\n", { mode: 0o640 });
  symlinkSync("b/file", join(root, "etc/a/link"));
  writeFileSync(join(root, "etc/other"), "");
  const files = ["/etc/a/b", "/etc/a/link"];
  const image = encodeTrackedInitrd(root, files);
  assert.deepEqual(encodeTrackedInitrd(root, files.toReversed()), image);
  const input = gunzipSync(image);
  const listed = execFileSync("cpio", ["-it", "--quiet"], { input, encoding: "utf8" });
  assert.equal(listed, "etc\netc/a\netc/a/b\netc/a/b/file\netc/a/link\n");
  const out = join(root, "out");
  mkdirSync(out);
  execFileSync("cpio", ["-idm", "--quiet"], { input, cwd: out });
  assert.equal(readFileSync(join(out, "etc/a/link"), "utf8"), "text\n");
  for (const bad of ["/usr/x", "/etc/../x", "/etc//a", "/etc/", "etc/a", "/etc/missing"])
    assert.throws(() => encodeTrackedInitrd(root, [bad]), /bad-etc-path|forbidden|canonical|not there/, bad);
});

test("a tracked file is in the boot entry, stays with upgrades as it is then, and stock ostree knows the entry", async (t) => {
  const { root, path, repo, first } = newSysroot(t);
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: ref });
  const open = () => bootInto(root, path);
  const entry = () => ostree("admin", "status", `--sysroot=${path}`);
  const overlays = () => open().deployments[0]?.overlayInitrds ?? [];
  assert.equal(await trackInInitramfs(open(), { untrack: ["/etc/motd"] }), undefined);
  await trackInInitramfs(open(), { track: ["/etc/motd"], stage: false });
  assert.deepEqual(trackedFiles(open().deployments[0]?.origin), ["/etc/motd"]);
  const [before] = overlays();
  const image = readFileSync(join(path, `boot/ostree/initramfs-overlays/${before}.img`));
  assert.match(gunzipSync(image).toString(), /welcome to 13\.1/);
  assert.match(entry(), /debian/);
  commitTree(repo, root, { version: "13.2", kernel: "2", timestamp: "2031-01-02T00:00:00Z" });
  await upgrade(open(), { stage: false });
  assert.equal(overlays().length, 1);
  writeFileSync(join(open().directory(open().requireBooted()), "etc/motd"), "mine");
  await trackInInitramfs(open(), { forceSync: true, stage: false });
  assert.notEqual(overlays()[0], before);
  await trackInInitramfs(open(), { untrackAll: true, stage: false });
  assert.deepEqual([overlays(), trackedFiles(open().deployments[0]?.origin)], [[], []]);
});

test("what a version asks for comes and goes with it; what the owner did stays", async (t) => {
  const fragment = (args: string, more = "") => `kargs = [${args}] # why\n${more}`;
  const place = "usr/lib/bootc/kargs.d";
  const { root, path, repo, first } = newSysroot(t, {
    version: "13.1",
    files: {
      [`${place}/10-a.toml`]: fragment('"console=tty0", "quiet"'),
      [`${place}/20-arm.toml`]: fragment('"arm"', 'match-architectures = ["aarch64"]'),
      [`${place}/README`]: "no arguments",
    },
  });
  const second = commitTree(repo, root, {
    version: "13.2",
    kernel: "2",
    timestamp: "2031-01-02T00:00:00Z",
    files: { [`${place}/10-a.toml`]: fragment('"quiet", "audit=0"') },
  });
  const { repo: opened } = Sysroot.open(path);
  assert.deepEqual(imageKernelArgs(opened, first, "x64"), ["console=tty0", "quiet"]);
  assert.deepEqual(imageKernelArgs(opened, first, "arm64"), ["console=tty0", "quiet", "arm"]);
  const request = { rev: first, stateroot: "debian", origin: ref, kernelArgs: ["rw"] };
  await deploy(Sysroot.open(path), { ...request, imageKernelArgs: { since: undefined } });
  const args = () => Sysroot.open(path).deployments[0]?.kernelArgs ?? [];
  assert.deepEqual(args().slice(0, 3), ["rw", "console=tty0", "quiet"]);
  const owned = ["rw", "console=tty0", "nosmt"];
  assert.deepEqual(carryImageKernelArgs(opened, owned, first, second), ["rw", "nosmt", "audit=0"]);
  await upgrade(bootInto(root, path), { stage: false });
  assert.ok(args().includes("audit=0") && args().includes("quiet") && !args().includes("console=tty0"));
});
