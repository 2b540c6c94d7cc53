// SPDX-License-Identifier: Apache-2.0
// Files stand for disks: the same is written to them, and every machine has them. Owners of files need root.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { run } from "../../src/base/index.ts";
import { deploy, Sysroot } from "../../src/host/index.ts";
import { decodeGpt, imageError, inspectDisk, installToDisk, partitionOffset } from "../../src/image/index.ts";
import { commitTree, newSysroot, ostree, ref } from "../host/fixture.ts";

const program = [...process.execArgv, join(import.meta.dirname, "../../src/cli/atomic.ts"), "image", "install"];

/** A host that follows `site`, and an empty file as a disk. */
async function hostAndDisk(context: TestContext) {
  const { root, path, repo, first } = newSysroot(context);
  ostree("remote", "add", `--repo=${repo}`, "--no-gpg-verify", "site", "https://example.org/repo");
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", kernelArgs: ["rw"], origin: `site:${ref}` });
  const disk = join(root, "disk");
  writeFileSync(disk, "");
  truncateSync(disk, 512 << 20);
  return { root, path, repo, first, disk };
}

/** The root file system of a disk, for e2fsprogs. */
function rootOf(disk: string): string {
  const start = Buffer.alloc(34 * 512);
  const fd = openSync(disk, "r");
  readSync(fd, start, 0, start.length, 0);
  closeSync(fd);
  return `${disk}?offset=${partitionOffset(decodeGpt(start, statSync(disk).size / 512).partitions[2]!)}`;
}

const readInside = async (disk: string, path: string) =>
  (await run("debugfs", ["-R", `cat ${path}`, rootOf(disk)])).stdout;

test("what the host runs is on the disk, with its branch and remote; what was there goes only when told", async (context) => {
  const { root, path, repo, first, disk } = await hostAndDisk(context);
  // A later commit of the branch, which the host does not run.
  commitTree(repo, root, { version: "13.2" });
  await run("mke2fs", ["-q", "-t", "ext4", disk]);
  const before = createHash("sha256").update(readFileSync(disk)).digest("hex");
  const install = async (...words: string[]) =>
    run(process.execPath, [...program, "--quiet", `--sysroot=${path}`, `--scratch=${root}`, ...words, disk], {
      accept: [0, 1],
    });
  const refused = await install();
  assert.deepEqual([refused.code, /disk-not-empty.*has ext4/.test(refused.stderr)], [1, true], refused.stderr);
  assert.equal(createHash("sha256").update(readFileSync(disk)).digest("hex"), before);

  const done = await install("--wipe", "--json", "--karg=quiet");
  assert.equal(done.code, 0, done.stderr);
  const told = JSON.parse(done.stdout) as { checksum: string; wiped: string[]; stateroot: string };
  assert.deepEqual([told.checksum, told.wiped, told.stateroot], [first, ["ext4"], "debian"]);
  await run("e2fsck", ["-fn", rootOf(disk)]);
  assert.match((await run("sfdisk", ["--verify", disk])).stdout, /No errors detected/);
  assert.equal((await inspectDisk(disk)).found.join(" "), "gpt PMBR");
  const origin = await readInside(disk, `/ostree/deploy/debian/deploy/${first}.0.origin`);
  assert.match(origin, new RegExp(`refspec=site:${ref}`));
  assert.match(
    await readInside(disk, "/ostree/repo/config"),
    /\[remote "site"\]\nurl=https:\/\/example\.org\/repo\ngpg-verify=false\n/,
  );
  assert.match(await readInside(disk, "/boot/loader.1/grub.cfg"), /root=LABEL=root rw .*quiet ostree=/);
});

test("a release from a repository needs somebody to trust", async (context) => {
  const { root, repo, disk } = await hostAndDisk(context);
  const words = [`--repo=${repo}`, `--ref=${ref}`, "--remote-url=https://example.org/repo", disk];
  const refused = await run(process.execPath, [...program, "--quiet", ...words], { accept: [2] });
  assert.match(refused.stderr, /nothing to check releases with/);
  const done = await run(process.execPath, [
    ...program,
    "--quiet",
    "--no-gpg-verify",
    `--scratch=${root}`,
    "--stateroot=box",
    ...words,
  ]);
  assert.match(done.stdout, /boots by BIOS and UEFI\n {2}Release: {2}Debian GNU\/Linux 13/);
  assert.match(await readInside(disk, "/ostree/repo/config"), /\[remote "box"\]/);
});

test("what is no disk, or too small a one, is refused before anything is written", async (context) => {
  const { root, repo, disk } = await hostAndDisk(context);
  const remote = { name: "site", url: "https://example.org/repo" };
  const request = { repo, ref, stateroot: "debian", remote, scratch: root };
  for (const wrong of [root, "/dev/null", join(root, "missing")])
    await assert.rejects(installToDisk({ ...request, disk: wrong }), (error) =>
      imageError.is(error, "unusable-option"),
    );
  truncateSync(disk, 100 << 20);
  await assert.rejects(installToDisk({ ...request, disk }), (error) => imageError.is(error, "size"));
  assert.equal(readFileSync(disk).equals(Buffer.alloc(100 << 20)), true);
});
