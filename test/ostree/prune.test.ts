// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  deleteCommit,
  fsck,
  markPartial,
  prune,
  type PruneOptions,
  Repo,
  Transaction,
} from "../../src/ostree/index.ts";
import { stock, temporary } from "./fixture.ts";

/** Five commits on `main`, two on `side`, an object that nothing needs. */
function makeRepo(directory: string): Repo {
  const path = join(directory, "repo");
  const tree = join(directory, "tree");
  mkdirSync(tree);
  stock(`--repo=${path}`, "init", "--mode=archive");
  const commit = (ref: string, day: number) => {
    writeFileSync(join(tree, `${ref}-${day}`), `${ref} ${day}`);
    stock(`--repo=${path}`, "commit", "-b", ref, `--timestamp=2020-01-0${day} 00:00:00 +0000`, `--tree=dir=${tree}`);
  };
  for (let day = 1; day <= 5; day++) commit("main", day);
  for (let day = 6; day <= 7; day++) commit("side", day);
  const repo = Repo.open(path);
  using transaction = Transaction.begin(repo);
  transaction.writeContent({ uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] }, Buffer.from("not needed"));
  transaction.commit();
  return repo;
}

const cases: [string, string[], PruneOptions][] = [
  ["objects without a commit", [], {}],
  ["history beyond the refs", ["--refs-only"], { refsOnly: true }],
  ["history beyond a depth", ["--refs-only", "--depth=1"], { refsOnly: true, depth: 1 }],
  ["all history", ["--refs-only", "--depth=0"], { refsOnly: true, depth: 0 }],
  ["commits only", ["--refs-only", "--depth=0", "--commit-only"], { refsOnly: true, depth: 0, commitOnly: true }],
  ["older than a date", ["--keep-younger-than=@1578096000"], { keepYoungerThan: 1578096000n }],
  ["one branch", ["--only-branch=main", "--depth=0"], { onlyBranches: ["main"], depth: 0 }],
  [
    "a depth for one branch",
    ["--retain-branch-depth=main=2", "--depth=0"],
    { retainBranchDepth: new Map([["main", 2]]), depth: 0 },
  ],
];

for (const [name, args, options] of cases) {
  test(`deletes what stock deletes: ${name}`, async () => {
    using scratch = temporary();
    const ours = makeRepo(scratch.path);
    const copy = join(scratch.path, "copy");
    cpSync(ours.path, copy, { recursive: true });
    const preview = prune(ours, { ...options, noPrune: true });
    const result = prune(ours, options);
    assert.deepEqual(preview, result);
    const text = stock(`--repo=${copy}`, "prune", ...args);
    assert.equal(Number(/objects: (\d+)/.exec(text)![1]), result.total);
    assert.equal(Number(/Deleted (\d+) objects/.exec(text)?.[1] ?? 0), result.pruned);
    const list = (repo: Repo) => [...repo.objects()].map(({ checksum, type }) => `${checksum}.${type}`).sort();
    assert.deepEqual(list(ours), list(Repo.open(copy)));
    assert.deepEqual((await fsck(ours)).findings, []);
  });
}

test("a commit that a ref names cannot be deleted; another leaves a tombstone", () => {
  using scratch = temporary();
  const repo = makeRepo(scratch.path);
  assert.throws(() => deleteCommit(repo, repo.resolve("main")), /is referenced by 'main'/);
  const parent = repo.resolve("main^");
  deleteCommit(repo, parent);
  assert.ok(!repo.has(parent, "commit") && repo.has(parent, "tombstone-commit"));
  assert.equal(stock(`--repo=${repo.path}`, "config", "get", "core.tombstone-commits"), "true\n");
  assert.throws(() => deleteCommit(repo, parent), /no such commit/);
});

test("a missing directory of a complete commit stops it, of a partial one does not", async () => {
  using scratch = temporary();
  const repo = makeRepo(scratch.path);
  const commit = repo.resolve("main");
  const { rmSync } = await import("node:fs");
  rmSync(repo.objectPath(repo.loadCommit(commit).tree, "dirtree"));
  assert.throws(() => prune(repo), /No such metadata object .*\.dirtree/);
  markPartial(repo, commit);
  assert.ok(prune(repo).pruned > 0);
});

test("waits for nobody when another process has the repository", () => {
  using scratch = temporary();
  const repo = makeRepo(scratch.path);
  repo.config.set("core", "lock-timeout-secs", 0);
  repo.saveConfig();
  const again = Repo.open(repo.path);
  using _ = again.lock("shared");
  assert.throws(() => prune(again), /locked by another process/);
});
