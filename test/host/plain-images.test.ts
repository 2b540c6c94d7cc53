// SPDX-License-Identifier: Apache-2.0
// Images that have no commit in them, and layers that were built on one that has. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { rebase, status } from "../../src/host/index.ts";
import { findNode, readTree, Repo } from "../../src/ostree/index.ts";
import { ostree, writeTree } from "./fixture.ts";
import { acceptAnything, imageHost, plainImage, skopeo, usePolicy } from "./image-fixture.ts";

function layer(root: string, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(root, "layer-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

test("layers of files are laid over each other: what is gone is gone, /etc becomes the defaults of /etc", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const base = mkdtempSync(join(host.root, "base-"));
  writeTree(base, { version: "20", kernel: "20" });
  execFileSync("mv", [join(base, "usr/etc"), join(base, "etc")]);
  for (const path of ["usr/gone/a", "usr/emptied/old", "usr/emptied/kept/x", "etc/hostname", "run/secret", "tmp/x"]) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), path === "etc/hostname" ? "" : path);
  }
  chmodSync(join(base, "usr/gone"), 0o700);
  const upper = layer(host.root, {
    "usr/.wh.gone": "",
    "usr/emptied/.wh..wh..opq": "",
    "usr/emptied/new": "new",
    "usr/bin/tool": "changed",
    "etc/added.conf": "added",
    "etc/.wh.dropped.conf": "",
    "usr/lib/modules": "",
  });
  execFileSync("rm", [join(upper, "usr/lib/modules")]);
  execFileSync("ln", [join(upper, "usr/bin/tool"), join(upper, "usr/bin/tool2")]);
  const image = plainImage(join(host.root, "plain"), [base, upper], { "org.opencontainers.image.version": "20.1" });
  const done = await rebase(host.open(), { refspec: `ostree-unverified-image:${image}`, stage: false });
  const commit = done.deployed!.deployment.checksum;
  const names = ostree("ls", `--repo=${host.repo}`, "-R", commit)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) =>
      line
        .replace(/ -> .*/, "")
        .split(" ")
        .at(-1)!,
    );
  for (const path of ["/usr/emptied/new", "/usr/etc/added.conf", "/usr/etc/motd", "/usr/bin/tool2", "/run"])
    assert.ok(names.includes(path), path);
  const gone = [
    "/etc",
    "/usr/gone",
    "/usr/emptied/old",
    "/usr/emptied/kept",
    "/usr/etc/dropped.conf",
    "/usr/etc/hostname",
  ];
  for (const path of [...gone, "/run/secret", "/tmp/x"]) assert.ok(!names.includes(path), path);
  assert.ok(!names.some((path) => path.includes(".wh.")));
  assert.equal(ostree("cat", `--repo=${host.repo}`, commit, "/usr/bin/tool2"), "changed");
  const [deployment] = status(host.open()).deployments;
  assert.deepEqual([deployment?.version, deployment?.timestamp], ["20.1", Date.parse("2031-02-03T04:05:06Z") / 1000]);
  assert.equal(
    deployment?.["container-image-reference-digest"],
    (JSON.parse(skopeo("inspect", image)) as { Digest: string }).Digest,
  );
  ostree("fsck", `--repo=${host.repo}`);
});

test("a layer that was built on an image with a commit is laid over that", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const commit = host.build("14.1");
  const path = join(host.root, "image");
  await host.encapsulate(commit, `oci:${path}:base`);
  const bundle = join(host.root, "bundle");
  const umoci = (verb: string, tag: string) =>
    execFileSync("umoci", [verb, "--image", `${path}:${tag}`, bundle], { stdio: "pipe" });
  umoci("unpack", "base");
  writeFileSync(join(bundle, "rootfs/usr/share/mine"), "mine");
  writeFileSync(join(bundle, "rootfs/etc/mine.conf"), "mine");
  rmSync(join(bundle, "rootfs/usr/bin/tool"));
  umoci("repack", "derived");
  const done = await rebase(host.open(), { refspec: `ostree-unverified-image:oci:${path}:derived`, stage: false });
  const made = done.deployed!.deployment.checksum;
  assert.notEqual(made, commit);
  assert.equal(ostree("rev-parse", `--repo=${host.repo}`, `${made}^`).trim(), commit);
  assert.equal(ostree("cat", `--repo=${host.repo}`, made, "/usr/share/mine"), "mine");
  assert.equal(ostree("cat", `--repo=${host.repo}`, made, "/usr/etc/mine.conf"), "mine");
  assert.throws(() => ostree("ls", `--repo=${host.repo}`, made, "/usr/bin/tool"));
  assert.throws(() => ostree("ls", `--repo=${host.repo}`, made, "/sysroot/ostree"));
  assert.equal(status(host.open()).deployments[0]?.version, "14.1");
  ostree("fsck", `--repo=${host.repo}`);
});

test("an image of an application, or for another machine, is not deployed", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const files = layer(host.root, { "bin/sh": "x" });
  const image = plainImage(join(host.root, "plain"), [files], {});
  const refspec = `ostree-unverified-image:${image}`;
  await assert.rejects(rebase(host.open(), { refspec, stage: false }), /kernel/);
  assert.equal(host.open().deployments.length, 1);
  const other = plainImage(join(host.root, "other"), [files], { "containers.bootc": "1", "ostree.final-diffid": "x" });
  await assert.rejects(rebase(host.open(), { refspec: `ostree-unverified-image:${other}` }), /has no layer x/);
});

test("what a host boots from layers is labelled by the policy that the layers have", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const base = mkdtempSync(join(host.root, "base-"));
  writeTree(base, { version: "20", kernel: "20" });
  execFileSync("mv", [join(base, "usr/etc"), join(base, "etc")]);
  const policy = layer(host.root, {
    "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=tiny\n",
    "etc/selinux/tiny/contexts/files/file_contexts":
      "/.*\tsystem_u:object_r:default_t:s0\n/usr/bin/.*\t--\tsystem_u:object_r:bin_t:s0\n",
  });
  const image = plainImage(join(host.root, "plain"), [base, policy]);
  const done = await rebase(host.open(), { refspec: `ostree-unverified-image:${image}`, stage: false });
  const repo = Repo.open(host.repo);
  const tree = readTree(repo, done.deployed!.deployment.checksum);
  const label = (path: string) => {
    const node = findNode(tree, path)!;
    const xattrs = node.kind === "dir" ? node.meta.xattrs : node.header.xattrs;
    return xattrs.map(({ name, value }) => `${name}=${Buffer.from(value).toString()}`).join();
  };
  assert.equal(label("/usr/bin/tool"), "security.selinux=system_u:object_r:bin_t:s0\0");
  assert.equal(label("/usr/lib"), "security.selinux=system_u:object_r:default_t:s0\0");
});
