// SPDX-License-Identifier: Apache-2.0
// Needs root: file systems of a few megabytes are mounted.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { mount, removeTree, unmount } from "../../src/base/index.ts";
import {
  availableSpace,
  checkoutNeed,
  deploy,
  formatSize,
  hostError,
  imageNeed,
  initSysroot,
  kernelNeed,
  requireSpace,
  reserve,
  rollback,
  status,
  Sysroot,
} from "../../src/host/index.ts";
import { readTree } from "../../src/ostree/index.ts";
import { bootInto, commitTree, newSysroot, ostree, ref } from "./fixture.ts";

const noSpace = (error: unknown) => hostError.is(error, "no-space");

/** A system root on a file system of its own, boot on another. */
async function smallHost(t: TestContext, rootSize: string, bootSize: string) {
  const root = mkdtempSync(join(tmpdir(), "atomic-space-"));
  const path = join(root, "sysroot");
  const boot = join(path, "boot");
  mkdirSync(path);
  mount("tmpfs", path, "tmpfs", 0, `size=${rootSize}`);
  mkdirSync(boot);
  mount("tmpfs", boot, "tmpfs", 0, `size=${bootSize}`);
  t.after(() => {
    unmount(boot, true);
    unmount(path, true);
    removeTree(root);
  });
  const sysroot = initSysroot(path, { stateroot: "debian" });
  const repo = join(path, "ostree/repo");
  ostree("config", "set", `--repo=${repo}`, "core.min-free-space-size", "1MB");
  commitTree(repo, root, { version: "13.1" });
  await deploy(sysroot, { rev: ref, stateroot: "debian" });
  return { root, path, repo, sysroot };
}

/** Everything but file contents: what exists where. */
function listing(path: string): string {
  return execFileSync("find", [path, "-path", "*/objects/*", "-prune", "-o", "-printf", "%P %l\n"], {
    encoding: "utf8",
  });
}

test("what a deployment takes is known beforehand, and is right", async (t) => {
  const { sysroot } = newSysroot(t);
  const tree = readTree(sysroot.repo, ref);
  const need = checkoutNeed(tree, 4096);
  const { deployment } = await deploy(sysroot, { rev: ref, stateroot: "debian" });
  const directory = sysroot.directory(deployment);
  const made = execFileSync("find", [directory, "-type", "d", "-o", "-path", `${directory}/etc/*`], {
    encoding: "utf8",
  });
  assert.equal(need.inodes, made.trim().split("\n").length);
  assert.equal(need.bytes, need.inodes * 4096, "all files of this /etc fit into a block");
  assert.deepEqual(kernelNeed(tree, 4096), { bytes: 2 * 4096, inodes: 2 });
  const image = statSync(join(directory, ".ostree.cfs")).size;
  assert.ok(image <= imageNeed(tree, 4096).bytes, `${image} bytes of composefs image`);
});

test("the error gives the numbers", () => {
  const free = { bytes: 5_000_000, inodes: 1000, blockSize: 4096 };
  requireSpace("/x", { bytes: 5_000_000 - reserve.bytes, inodes: 1 }, free, "h");
  assert.throws(
    () => requireSpace("/x", { bytes: 5_000_000, inodes: 1 }, free, "h"),
    /\/x has 5\.0 MB free, 9\.2 MB are needed/,
  );
  assert.throws(() => requireSpace("/x", { bytes: 0, inodes: 999 }, free, "h"), /room for 1000 more files/);
  assert.deepEqual([0, 999, 1000, 1_234_567, 5e12].map(formatSize), ["0 B", "999 B", "1.0 kB", "1.2 MB", "5.0 TB"]);
  assert.ok(availableSpace("/").bytes > 0);
});

test("without room for the kernel in boot nothing is touched", async (t) => {
  const { path, root, repo, sysroot } = await smallHost(t, "40m", "7m");
  commitTree(repo, root, { version: "13.2", kernel: "K".repeat(4 << 20) });
  const before = listing(path);
  await assert.rejects(deploy(sysroot, { rev: ref }), noSpace);
  assert.equal(listing(path), before);
});

test("on a machine that runs, an old kernel goes first when the new one does not fit beside it", async (t) => {
  const { path, root, repo, sysroot } = await smallHost(t, "80m", "21m");
  const kernel = (letter: string) => letter.repeat(8 << 20);
  commitTree(repo, root, { version: "13.2", kernel: kernel("a") });
  await deploy(sysroot, { rev: ref });
  const running = bootInto(root, path, 0);
  commitTree(repo, root, { version: "13.3", kernel: kernel("b") });
  await deploy(running, { rev: ref });
  commitTree(repo, root, { version: "13.4", kernel: kernel("c") });
  const said: string[] = [];
  running.onMessage = (text) => said.push(text);
  await deploy(running, { rev: ref });
  assert.equal(said.filter((text) => text.includes("bootconfig swap: yes")).length, 2, said.join("\n"));
  assert.deepEqual(
    status(running).deployments.map(({ version, booted }) => [version, booted]),
    [
      ["13.4", false],
      ["13.2", true],
    ],
  );
});

test("without room on the root nothing is touched; with it again the same deployment succeeds", async (t) => {
  const { path, root, repo, sysroot } = await smallHost(t, "16m", "8m");
  commitTree(repo, root, { version: "13.2" });
  const ballast = join(path, "ballast");
  writeFileSync(ballast, Buffer.alloc(availableSpace(path).bytes - (3 << 20)));
  const before = listing(path);
  await assert.rejects(deploy(sysroot, { rev: ref }), noSpace);
  assert.equal(listing(path), before);
  assert.equal(status(Sysroot.open(path)).deployments[0]?.version, "13.1");
  rmSync(ballast);
  await deploy(sysroot, { rev: ref });
  assert.equal(status(Sysroot.open(path)).deployments[0]?.version, "13.2");
});

test("a disk that is full to the last block keeps what boots, and says so", async (t) => {
  const { path, root, repo, sysroot } = await smallHost(t, "24m", "8m");
  commitTree(repo, root, { version: "13.2" });
  await deploy(sysroot, { rev: ref });
  const full = join(path, "boot/full");
  writeFileSync(full, "");
  assert.throws(() => execFileSync("dd", ["if=/dev/zero", `of=${full}`, "bs=4k"], { stdio: "ignore" }));
  const entries = join(path, "boot/loader/entries");
  const before = readdirSync(entries).map((name) => readFileSync(join(entries, name), "utf8"));
  await assert.rejects(rollback(Sysroot.open(path)), noSpace);
  assert.deepEqual(
    readdirSync(entries).map((name) => readFileSync(join(entries, name), "utf8")),
    before,
  );
  assert.equal(status(Sysroot.open(path)).deployments.length, 2);
  rmSync(full);
  await rollback(Sysroot.open(path));
  assert.equal(status(Sysroot.open(path)).deployments[0]?.version, "13.1");
  assert.equal(existsSync(join(path, "boot/loader.tmp")), false);
});
