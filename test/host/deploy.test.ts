// SPDX-License-Identifier: Apache-2.0
// Needs root: deployments have owners and the immutable flag.
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deploy, deploymentPath, hostError, initStateroot, parseKernelArgs, Sysroot } from "../../src/host/index.ts";
import { bootTarget, commitTree, newSysroot, ostree, ref } from "./fixture.ts";

const kernelArgs = parseKernelArgs("root=LABEL=root rw");

test("a first deployment can be booted: entry, menu, links, kernel, etc", async (t) => {
  const { path, sysroot, first } = newSysroot(t);
  const { deployment, swap } = await deploy(sysroot, {
    rev: ref,
    stateroot: "debian",
    kernelArgs,
    origin: `debian:${ref}`,
  });
  assert.equal(swap, "menu");
  assert.equal(deployment.checksum, first);
  assert.equal(readlinkSync(join(path, "boot/loader")), "loader.1");
  assert.equal(readlinkSync(join(path, "ostree/boot.1")), "boot.1.1");

  const entry = readFileSync(join(path, "boot/loader/entries/ostree-1.conf"), "utf8");
  const boot = `/boot/ostree/debian-${deployment.bootChecksum}`;
  assert.equal(
    entry,
    `title Debian GNU/Linux 13 (trixie) 13.1 (ostree:0)\nversion 1\n` +
      `options root=LABEL=root rw ostree=/ostree/boot.1/debian/${deployment.bootChecksum}/0\n` +
      `linux ${boot}/vmlinuz-6.12.1\ninitrd ${boot}/initramfs-6.12.1.img\n`,
  );
  assert.equal(bootTarget(path, entry), sysroot.directory(deployment));
  assert.equal(readFileSync(join(path, `${boot}/vmlinuz-6.12.1`), "utf8"), "kernel");
  assert.match(readFileSync(join(path, "boot/loader/grub.cfg"), "utf8"), /linux \/boot\/ostree\/debian-/);

  const tree = sysroot.directory(deployment);
  assert.equal(readFileSync(join(tree, "etc/motd"), "utf8"), "welcome to 13.1\n");
  assert.notEqual(statSync(join(tree, "etc/motd")).ino, statSync(join(tree, "usr/etc/motd")).ino);
  assert.ok(statSync(join(tree, "usr/bin/tool")).nlink > 1, "files are hard links to the repository");
  assert.throws(() => writeFileSync(join(tree, "x"), ""), { code: "EPERM" });
});

test("stock ostree understands our system root, and our deployments come back as they were", async (t) => {
  const { path, sysroot, first, repo, root } = newSysroot(t);
  await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs, origin: `debian:${ref}` });
  const second = commitTree(repo, root, { version: "13.2", kernel: "new kernel" });
  await deploy(sysroot, { rev: second, kernelArgs: [...kernelArgs, "quiet"] });
  const status = ostree("admin", "status", `--sysroot=${path}`);
  assert.match(
    status,
    new RegExp(`debian ${second}\\.0[^]*Version: 13\\.2[^]*origin refspec: debian:${ref}[^]*debian ${first}\\.0`),
  );
  ostree("fsck", `--repo=${repo}`);

  const again = Sysroot.open(path);
  assert.deepEqual(
    again.deployments.map(({ checksum, kernelArgs: args, stateroot }) => [checksum, args.join(" "), stateroot]),
    [
      [second, "root=LABEL=root rw quiet", "debian"],
      [first, "root=LABEL=root rw", "debian"],
    ],
  );
  assert.deepEqual(
    [...again.repo.listRefs().keys()].filter((name) => name.startsWith("ostree/")),
    ["ostree/0/1/0", "ostree/0/1/1"],
  );
});

test("local changes to /etc come along, those of the new version too", async (t) => {
  const { path, sysroot, repo, root } = newSysroot(t);
  const { deployment } = await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs });
  const etc = join(sysroot.directory(deployment), "etc");
  writeFileSync(join(etc, "shared.conf"), "mine\n");
  writeFileSync(join(etc, "own.conf"), "own\n");
  rmSync(join(etc, "dropped.conf"));
  writeFileSync(join(etc, ".updated"), "");
  commitTree(repo, root, {
    version: "13.2",
    files: { "usr/etc/shared.conf": "new default\n", "usr/etc/new.conf": "new\n" },
  });
  const result = await deploy(Sysroot.open(path), { rev: ref });
  assert.deepEqual(
    [result.etc?.modified, result.etc?.removed, result.etc?.added, result.etc?.conflicts.length],
    [1, 1, 2, 0],
  );
  const merged = join(sysroot.directory(result.deployment), "etc");
  assert.equal(readFileSync(join(merged, "motd"), "utf8"), "welcome to 13.2\n");
  assert.equal(readFileSync(join(merged, "shared.conf"), "utf8"), "mine\n");
  assert.equal(readFileSync(join(merged, "own.conf"), "utf8"), "own\n");
  assert.equal(readFileSync(join(merged, "new.conf"), "utf8"), "new\n");
  assert.equal(existsSync(join(merged, "dropped.conf")), false);
  assert.equal(existsSync(join(merged, ".updated")), false, "systemd shall see that the version is new");
});

test("with the same kernel, arguments and version only the links are swapped", async (t) => {
  const { path, sysroot, repo, root } = newSysroot(t);
  await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs });
  commitTree(repo, root, { version: "13.1", files: { "usr/bin/tool": "rebuilt" } });
  assert.equal((await deploy(sysroot, { rev: ref })).swap, "menu", "one more entry is another menu");
  commitTree(repo, root, { version: "13.1", files: { "usr/bin/tool": "rebuilt twice" } });
  const third = await deploy(sysroot, { rev: ref });
  assert.equal(third.swap, "links");
  const entry = readFileSync(join(path, "boot/loader/entries/ostree-2.conf"), "utf8");
  assert.equal(bootTarget(path, entry), sysroot.directory(third.deployment));
});

test("what nothing leads to is removed: old deployments, kernels, links", async (t) => {
  const { path, sysroot, repo, root, first } = newSysroot(t);
  await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs });
  for (const version of ["13.2", "13.3", "13.4"]) {
    commitTree(repo, root, { version, kernel: `kernel of ${version}` });
    await deploy(sysroot, { rev: ref });
  }
  assert.equal(sysroot.deployments.length, 2);
  const left = readdirSync(join(path, "ostree/deploy/debian/deploy")).sort();
  assert.deepEqual(left, sysroot.deployments.flatMap((one) => [`${one.checksum}.0`]).sort());
  assert.equal(left.includes(`${first}.0`), false);
  assert.equal(readdirSync(join(path, "boot/ostree")).length, 2);
  assert.deepEqual(
    readdirSync(join(path, "boot")).filter((name) => name.startsWith("loader")),
    ["loader", "loader.0"],
  );
  assert.deepEqual(
    readdirSync(join(path, "ostree")).filter((name) => name.startsWith("boot.")),
    ["boot.0", "boot.0.1"],
  );
});

test("the same commit twice gets another serial", async (t) => {
  const { sysroot } = newSysroot(t);
  await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs });
  const { deployment } = await deploy(sysroot, { rev: ref, kernelArgs: [...kernelArgs, "debug"] });
  assert.equal(deployment.serial, 1);
  assert.equal(new Set(sysroot.deployments.map(deploymentPath)).size, 2);
});

test("a tree that cannot be booted is refused and nothing is left of it", async (t) => {
  const { path, sysroot, repo, root, first } = newSysroot(t);
  await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs });
  const entries = readFileSync(join(path, "boot/loader/entries/ostree-1.conf"), "utf8");
  mkdirSync(join(root, "empty"));
  ostree(`--repo=${repo}`, "commit", `--branch=${ref}`, `--tree=dir=${join(root, "empty")}`);
  await assert.rejects(deploy(sysroot, { rev: ref }), (error) => hostError.is(error, "no-kernel"));
  await assert.rejects(deploy(sysroot, { rev: "no/such/ref" }), { code: "ostree-no-such-ref" });
  await assert.rejects(deploy(sysroot, { rev: first, stateroot: "other" }), (error) =>
    hostError.is(error, "no-stateroot"),
  );
  assert.equal(readFileSync(join(path, "boot/loader/entries/ostree-1.conf"), "utf8"), entries);
  await deploy(sysroot, { rev: first });
  assert.equal(
    readdirSync(join(path, "ostree/deploy/debian/deploy")).filter((name) =>
      lstatSync(join(path, "ostree/deploy/debian/deploy", name)).isDirectory(),
    ).length,
    2,
  );
});

test("with two stateroots titles name them; others than the default get the appended fields", async (t) => {
  const { path, repo, root, sysroot, first } = newSysroot(t);
  ostree("config", "set", `--repo=${repo}`, "sysroot.bls-append-except-default", 'grub_users="";x-note=a=b');
  await deploy(Sysroot.open(path), { rev: ref, stateroot: "debian", kernelArgs });
  initStateroot(path, "other");
  commitTree(repo, root, { version: "13.2", kernel: "2" });
  await deploy(Sysroot.open(path), { rev: ref, stateroot: "other", kernelArgs });
  sysroot.reload();
  assert.deepEqual(
    sysroot.deployments.map(({ stateroot }) => stateroot),
    ["other", "debian"],
    "another stateroot's deployments stay",
  );
  const entry = (name: string) => readFileSync(join(path, "boot/loader/entries", name), "utf8");
  assert.match(entry("ostree-2.conf"), /^title .* \(ostree:other:0\)\n/);
  assert.doesNotMatch(entry("ostree-2.conf"), /x-note/);
  assert.match(entry("ostree-1.conf"), /^title .* \(ostree:debian:1\)\n[^]*grub_users ""\nx-note a=b\n$/);
  assert.equal(sysroot.mergeDeployment("debian")?.checksum, first);
  await assert.rejects(deploy(Sysroot.open(path), { rev: ref }), (error) => hostError.is(error, "no-stateroot"));
});

test("a commit's /var fills an empty one, once; every deployment has its composefs image", async (t) => {
  const { path, repo, root, sysroot } = newSysroot(t, { version: "13.1", files: { "var/lib/db": "first" } });
  await deploy(sysroot, { rev: ref, stateroot: "debian", kernelArgs });
  const db = join(path, "ostree/deploy/debian/var/lib/db");
  assert.equal(readFileSync(db, "utf8"), "first");
  commitTree(repo, root, { version: "13.2", files: { "var/lib/db": "second" } });
  await deploy(sysroot, { rev: ref });
  assert.equal(readFileSync(db, "utf8"), "first");
  const files = { "usr/lib/ostree/prepare-root.conf": "[composefs]\nenabled = verity\n" };
  commitTree(repo, root, { version: "13.3", files });
  const { deployment } = await deploy(sysroot, { rev: ref });
  for (const each of [deployment, sysroot.deployments[1]!]) {
    const image = readFileSync(join(sysroot.directory(each), ".ostree.cfs"));
    assert.equal(image.readUInt32LE(1024), 0xe0f5e1e2, "EROFS");
  }
});
