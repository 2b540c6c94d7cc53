// SPDX-License-Identifier: Apache-2.0
/** All or nothing: full disks, ends in the middle, other processes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { mount, unmount } from "../../src/base/index.ts";
import { Repo, scanTree, Transaction, writeCommit, writeTree } from "../../src/ostree/index.ts";
import { commitDirectory, makeManyFiles, stock, temporary } from "./fixture.ts";

const header = { uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] };

/** A file system of its own, of a few megabytes. */
function tinyFileSystem(path: string, size: string): Disposable {
  mkdirSync(path);
  mount("tmpfs", path, "tmpfs", 0, `size=${size}`);
  return { [Symbol.dispose]: () => unmount(path, true) };
}

test("nothing is in the repository before commit, everything after, nothing after abort", () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  {
    using transaction = Transaction.begin(repo);
    const checksum = transaction.writeContent(header, Buffer.from("dropped"));
    transaction.setRef("ref", transaction.writeMetadata("commit", Buffer.from("x")));
    assert.ok(transaction.has(checksum, "file") && !repo.has(checksum, "file"));
  }
  assert.deepEqual(readdirSync(join(repo.path, "objects")), []);
  assert.deepEqual(readdirSync(join(repo.path, "tmp")), ["cache"]);
  assert.equal(repo.tryResolve("ref"), undefined);
  using transaction = Transaction.begin(repo);
  const checksum = transaction.writeContent(header, Buffer.from("kept"));
  assert.deepEqual(transaction.commit().contentWritten, 1);
  assert.ok(repo.has(checksum, "file"));
  assert.deepEqual(readdirSync(join(repo.path, "tmp")), ["cache"]);
});

test("a full disk is an error that leaves only what the next run removes", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  mkdirSync(tree);
  for (let index = 0; index < 600; index++) {
    writeFileSync(join(tree, `f${index}`), Buffer.alloc(20_000, `${index} `));
  }
  const disk = join(scratch.path, "disk");
  using _ = tinyFileSystem(disk, "6m");
  const repo = Repo.init(join(disk, "repo"), "bare-user");
  repo.config.set("core", "min-free-space-percent", "0");
  repo.saveConfig();
  for (const workers of [0, 2]) {
    await assert.rejects(writeTree(Repo.open(repo.path), scanTree(tree), { workers }), { code: "ENOSPC" });
    assert.deepEqual(readdirSync(join(repo.path, "objects")), []);
    assert.deepEqual(readdirSync(join(repo.path, "tmp")), ["cache"]);
  }
  const small = join(scratch.path, "small");
  mkdirSync(small);
  writeFileSync(join(small, "file"), "fits\n");
  await commitDirectory(Repo.open(repo.path), small, "ref");
  stock("fsck", "-q", `--repo=${repo.path}`);
});

test("min-free-space is kept, unless nothing has to be written", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeManyFiles(tree, 40);
  const disk = join(scratch.path, "disk");
  using _ = tinyFileSystem(disk, "20m");
  const path = join(disk, "repo");
  await commitDirectory(Repo.init(path, "archive"), tree, "ref");
  const settings = Repo.open(path);
  settings.config.set("core", "min-free-space-size", "19MB");
  settings.saveConfig();
  writeFileSync(join(disk, "ballast"), Buffer.alloc(2 << 20));
  const repo = Repo.open(path);
  await commitDirectory(repo, tree, "again");
  assert.equal(repo.resolve("again") === repo.resolve("ref"), false);
  writeFileSync(join(tree, "new"), "new\n");
  await assert.rejects(commitDirectory(repo, tree, "more"), { code: "ostree-no-space" });
  assert.throws(() => stock("commit", `--repo=${path}`, "-b", "more", `--tree=dir=${tree}`), /min-free-space/);
  assert.equal(repo.tryResolve("more"), undefined);
});

test("a process killed while it commits leaves the repository as it was, and the next cleans up", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeManyFiles(tree, 1200);
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  const script = join(scratch.path, "commit.ts");
  const index = new URL("../../src/ostree/index.ts", import.meta.url);
  writeFileSync(
    script,
    `import { Repo, scanTree, writeTree } from ${JSON.stringify(index.href)};
     for (;;) await writeTree(Repo.open(process.argv[2]!), scanTree(process.argv[3]!), { fsync: false });`,
  );
  const child = spawn(process.execPath, ["--no-warnings", script, repo.path, tree], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const staging = () => readdirSync(join(repo.path, "tmp")).find((name) => /^staging-atomic-\w+$/.test(name));
  for (let waited = 0; waited < 3000 && !hasObjects(repo, staging()); waited++) await sleep(10);
  const left = staging();
  assert.ok(left);
  // Its owner lives: another transaction leaves it alone.
  Transaction.begin(repo).abort();
  child.kill("SIGKILL");
  await ended;
  stock("fsck", "-q", `--repo=${repo.path}`);
  await commitDirectory(repo, tree, "ref", { fsync: false });
  assert.ok(!existsSync(join(repo.path, "tmp", left)));
  stock("fsck", "-q", `--repo=${repo.path}`);
});

function hasObjects(repo: Repo, staging: string | undefined): boolean {
  return staging !== undefined && readdirSync(join(repo.path, "tmp", staging)).length > 10;
}

test("what is old in tmp/ goes, what is new stays", () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  for (const name of ["old", "new"]) writeFileSync(join(repo.path, "tmp", name), "");
  const yesterday = Date.now() / 1000 - 90_000;
  utimesSync(join(repo.path, "tmp/old"), yesterday, yesterday);
  Transaction.begin(repo).abort();
  assert.deepEqual(readdirSync(join(repo.path, "tmp")).sort(), ["cache", "new"]);
});

test("stock and we exclude each other: prune waits for our transaction, and we for its lock", () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  repo.config.set("core", "lock-timeout-secs", "0");
  repo.saveConfig();
  const impatient = Repo.open(repo.path);
  {
    using _transaction = Transaction.begin(impatient);
    assert.throws(() => stock("prune", `--repo=${repo.path}`), /lock|temporarily unavailable/i);
    assert.throws(() => impatient.lock("exclusive"), { code: "base-busy" });
    // Writers share.
    Transaction.begin(impatient).abort();
  }
  stock("prune", `--repo=${repo.path}`);
  using _lock = impatient.lock("exclusive");
  assert.throws(() => Transaction.begin(impatient), { code: "base-busy" });
});

test("two transactions that write the same objects both succeed", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeManyFiles(tree, 50);
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  using first = Transaction.begin(repo);
  using second = Transaction.begin(repo);
  for (const transaction of [first, second]) {
    const written = await writeTree(repo, scanTree(tree), { transaction });
    const { tree: root, meta } = written;
    writeCommit(repo, { tree: root, meta, timestamp: 0, ref: `ref${transaction === first ? 1 : 2}`, transaction });
  }
  second.commit();
  first.commit();
  assert.equal(repo.resolve("ref1"), repo.resolve("ref2"));
  stock("fsck", "-q", `--repo=${repo.path}`);
});
