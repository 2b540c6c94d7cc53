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
  applyLive,
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
  undeploy,
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

test("without room for what a live change copies, /usr stays locked", async (t) => {
  const { path, root, repo, sysroot } = await smallHost(t, "40m", "7m");
  const booted = bootInto(root, path);
  const target = commitTree(repo, root, { version: "13.2", files: { "usr/share/large": "L".repeat(20 << 20) } });
  const before = listing(path);
  await assert.rejects(applyLive(booted, { target, allowReplacement: true }), noSpace);
  assert.equal(listing(path), before);
  assert.equal(sysroot.deployments[0]?.unlocked, "none");
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

test("what must go is told, and goes when that is wanted: the oldest first, never what runs", async (t) => {
  const { path, root, repo } = await smallHost(t, "40m", "8m");
  const big = (letter: string) => ({ "usr/share/big": letter.repeat(8 << 20) });
  commitTree(repo, root, { version: "13.2", files: big("a") });
  await deploy(Sysroot.open(path), { rev: ref, retain: { all: true } });
  const running = bootInto(root, path, 1);
  commitTree(repo, root, { version: "13.3", files: big("b") });
  await deploy(running, { rev: ref, retain: { all: true }, stage: false });
  commitTree(repo, root, { version: "13.4" });
  const versions = () => status(Sysroot.open(path)).deployments.map(({ version }) => version);
  assert.deepEqual(versions(), ["13.3", "13.2", "13.1"]);
  writeFileSync(join(path, "ballast"), Buffer.alloc(availableSpace(path).bytes - (4 << 20)));
  await assert.rejects(deploy(running, { rev: ref, retain: { all: true } }), (error: Error & { hint?: string }) => {
    assert.ok(noSpace(error));
    assert.match(error.hint ?? "", /--make-room .*: 13\.2 \(8\.\d MB\), 13\.3 \(8\.\d MB\)$/);
    return true;
  });
  assert.deepEqual(versions(), ["13.3", "13.2", "13.1"], "nothing was removed");
  await deploy(running, { rev: ref, retain: { all: true }, makeRoom: true });
  assert.deepEqual(versions(), ["13.4", "13.3", "13.1"]);
  ostree("fsck", "-q", `--repo=${repo}`);
});

test("a disk that fills up at every 5 % of the way leaves what boots, a status and a rollback", async (t) => {
  const { path, root, repo } = await smallHost(t, "32m", "24m");
  const kernel = (letter: string) => letter.repeat(3 << 20);
  const etc = Array.from({ length: 40 }, (_, index) => [`usr/etc/d${index}/file`, "x".repeat(40_000)]);
  commitTree(repo, root, { version: "13.2", kernel: kernel("k") });
  await deploy(Sysroot.open(path), { rev: ref });
  commitTree(repo, root, { version: "13.3", kernel: kernel("K"), files: Object.fromEntries(etc) });
  const tree = readTree(Sysroot.open(path).repo, ref);
  const needs = {
    "": checkoutNeed(tree, 4096).bytes + imageNeed(tree, 4096).bytes,
    boot: kernelNeed(tree, 4096).bytes,
  };
  const first = () => status(Sysroot.open(path)).deployments[0]?.version;
  const outcomes = new Map<string, number>();
  for (let percent = 0; percent <= 100; percent += 5) {
    for (const place of ["", "boot"] as const) {
      const what = `${percent} % of ${path}/${place}`;
      const ballast = join(path, place, "ballast");
      const left = Math.ceil((needs[place] * percent) / 100);
      // The check beforehand is passed, then somebody else takes the space.
      const fill = () => writeFileSync(ballast, Buffer.alloc(availableSpace(join(path, place)).bytes - left));
      const outcome = await deploy(Sysroot.open(path), { rev: ref, retain: { all: true } }, (event) => {
        if (event.type === "start" && event.task === "checkout") fill();
      }).then(
        () => "deployed",
        (error: unknown) => (noSpace(error) ? "full" : assert.fail(error as Error)),
      );
      outcomes.set(`${place} ${outcome}`, (outcomes.get(`${place} ${outcome}`) ?? 0) + 1);
      assert.equal(first(), outcome === "full" ? "13.2" : "13.3", what);
      if (left > 0) {
        await rollback(Sysroot.open(path));
        assert.equal(first(), outcome === "full" ? "13.1" : "13.2", what);
        await rollback(Sysroot.open(path));
      }
      rmSync(ballast);
      const sysroot = Sysroot.open(path);
      if (outcome === "deployed") undeploy(sysroot, sysroot.deployments[0]!);
      assert.equal(first(), "13.2", what);
    }
  }
  assert.ok((outcomes.get(" full") ?? 0) > 5, JSON.stringify([...outcomes]));
  assert.ok((outcomes.get("boot full") ?? 0) > 5, JSON.stringify([...outcomes]));
  assert.equal(Sysroot.open(path).deployments.length, 2);
});
