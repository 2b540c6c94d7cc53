// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/base/index.ts";
import { buildImage, type BuildOptions, decodeGpt, detectFormat, partitionOffset } from "../../src/image/index.ts";
import { Repo } from "../../src/ostree/index.ts";
import { commitTree, ref, scratch } from "../host/fixture.ts";

// Owners of files need root.

function release(context: TestContext, files: Record<string, string> = {}) {
  const root = scratch(context);
  const repo = join(root, "repo");
  Repo.init(repo, "archive");
  const commit = commitTree(repo, root, { version: "13.1", files });
  const options: BuildOptions = { repo, ref, output: join(root, "disk.raw"), format: "raw", size: 512 << 20 };
  return { root, repo, commit, options };
}

/** The root file system of a raw disk, for e2fsprogs. */
function rootOf(disk: string): string {
  const start = Buffer.alloc(34 * 512);
  const fd = openSync(disk, "r");
  readSync(fd, start, 0, start.length, 0);
  closeSync(fd);
  const root = decodeGpt(start, statSync(disk).size / 512).partitions[2]!;
  return `${disk}?offset=${partitionOffset(root)}`;
}

async function readInside(disk: string, path: string): Promise<string> {
  return (await run("debugfs", ["-R", `cat ${path}`, rootOf(disk)])).stdout;
}

test("a disk has one deployment of the release, its boot entry, and a remote for the next", async (context) => {
  const { commit, options } = release(context);
  const remoteUrl = "https://example.org/repo";
  const built = await buildImage({ ...options, kernelArgs: ["quiet"], remoteUrl, gpgVerify: false });
  assert.equal(built.checksum, commit);
  assert.equal(built.stateroot, "debian");
  await run("e2fsck", ["-fn", rootOf(options.output)]);
  const menu = await readInside(options.output, "/boot/loader.1/grub.cfg");
  assert.match(menu, /linux \/boot\/ostree\/debian-[0-9a-f]{64}\/vmlinuz-6\.12\.1 root=LABEL=root rw .*quiet ostree=/);
  const config = await readInside(options.output, "/ostree/repo/config");
  assert.match(config, /\[remote "debian"\]\nurl=https:\/\/example\.org\/repo\ngpg-verify=false\n/);
  assert.match(config, /readonly=true/);
  const origin = await readInside(options.output, `/ostree/deploy/debian/deploy/${commit}.0.origin`);
  assert.match(origin, new RegExp(`refspec=debian:${ref}`));
  const { stdout } = await run("debugfs", [
    "-R",
    `stat /ostree/deploy/debian/deploy/${commit}.0`,
    rootOf(options.output),
  ]);
  assert.match(stdout, /Flags: 0x80010/);
});

test("releases from a server are checked unless told otherwise", async (context) => {
  const { options } = release(context);
  await assert.rejects(buildImage({ ...options, remoteUrl: "https://example.org/repo" }), {
    code: "image-unusable-option",
    hint: /--remote-key/,
  });
});

test("a release that configures SELinux boots with it", async (context) => {
  const { options } = release(context, { "usr/etc/selinux/config": "# comment\nSELINUX=permissive\n" });
  await buildImage(options);
  assert.match(await readInside(options.output, "/boot/loader.1/grub.cfg"), / security=selinux /);
});

test("a qcow2 disk has the same content", async (context) => {
  const { root, options } = release(context);
  const output = join(root, "disk.qcow2");
  const built = await buildImage({ ...options, output, format: "qcow2" });
  assert.equal(detectFormat(output), "qcow2");
  assert.equal(built.size, 512 << 20);
  await run("qemu-img", ["check", "-q", output]);
});

test("with a time given, the same release gives the same disk", async (context) => {
  const { root, options } = release(context);
  const hash = async (name: string) => {
    const output = join(root, name);
    await buildImage({ ...options, output, timestamp: 1_700_000_000 });
    await run("e2fsck", ["-fn", rootOf(output)]);
    await sleep(1100);
    return (await run("sha256sum", ["-b", output])).stdout.slice(0, 64);
  };
  assert.equal(await hash("a"), await hash("b"));
});

test("what cannot be built leaves nothing, and an older disk as it was", async (context) => {
  const { root, options } = release(context);
  writeFileSync(options.output, "older");
  const before = readdirSync(root);
  const wrong: [Partial<BuildOptions>, string][] = [
    [{ ref: "no/such/ref" }, "ostree-no-such-ref"],
    [{ repo: join(root, "nothing") }, "ostree-not-a-repo"],
    [{ size: 100 << 20 }, "image-size"],
    [{ output: join(root, "no/such/directory/disk") }, "image-unusable-option"],
    [{ output: "/dev/null" }, "image-unusable-option"],
    [{ remoteKeys: options.repo }, "EISDIR"],
  ];
  for (const [change, code] of wrong) await assert.rejects(buildImage({ ...options, ...change }), { code });
  assert.deepEqual(readdirSync(root), before);
  assert.equal(readFileSync(options.output, "utf8"), "older");
});

test("a full disk is noticed before anything is written", async (context) => {
  const { root, options } = release(context);
  const small = join(root, "small");
  const script = [
    `mkdir ${small} && mount -t tmpfs -o size=16k tmpfs ${small}`,
    `node --disable-warning=ExperimentalWarning src/cli/atomic.ts image build --repo ${options.repo} --ref ${ref} -o ${small}/disk.raw; echo code $?; ls -A ${small}`,
  ].join("\n");
  const cwd = join(import.meta.dirname, "../..");
  const env = { PATH: `${join(process.execPath, "..")}:${process.env["PATH"]}` };
  const { stdout, stderr } = await run("unshare", ["--mount", "sh", "-c", script], { cwd, env });
  assert.match(stderr, /image-no-space/);
  assert.equal(stdout, "code 1\n");
});
