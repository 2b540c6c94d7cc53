// SPDX-License-Identifier: Apache-2.0
/**
 * Keeping a repository, against stock `ostree`: fsck, prune, and the summary of 10,000 refs. Input: a part of this machine's
 * /usr, or the directory in ATOMIC_BENCH_TREE; work happens in memory. fsync is as in a new repository: on.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Repo, Transaction, writeCommit } from "../../src/ostree/index.ts";
import { atomic, compare, heading, stockOstree } from "./compare.ts";
import { describeTree, makeSystemTree } from "./trees.ts";

const work = mkdtempSync("/dev/shm/atomic-bench-");
const stock = stockOstree();
const refCount = 10_000;

type Side = "ours" | "theirs";

function both(name: string, args: (side: Side) => string[], prepare: (side: Side) => void = () => {}): void {
  const ours = { command: atomic, args: ["ostree", ...args("ours")] };
  compare({ name, prepare, ours, theirs: { command: stock, args: args("theirs") } });
}

function makeRepo(mode: string, tree: string): string {
  const path = join(work, mode);
  execFileSync(stock, [`--repo=${path}`, "init", `--mode=${mode}`]);
  const commit = (ref: string, directory: string) =>
    execFileSync(stock, [`--repo=${path}`, "commit", "-b", ref, "--fsync=false", `--tree=dir=${directory}`]);
  commit("bench", tree);
  return path;
}

/** A branch of commits that each have a few thousand objects of their own, to be pruned. */
function addHistory(repo: string): void {
  const tree = join(work, "history");
  for (let commit = 0; commit < 5; commit++) {
    rmSync(tree, { recursive: true, force: true });
    mkdirSync(tree);
    for (let file = 0; file < 4000; file++) writeFileSync(join(tree, `${file}`), `${commit} ${file}`);
    execFileSync(stock, [`--repo=${repo}`, "commit", "-b", "history", "--fsync=false", `--tree=dir=${tree}`]);
  }
}

function addRefs(path: string): void {
  const repo = Repo.open(path);
  const { tree, meta } = repo.loadCommit(repo.resolve("bench"));
  using transaction = Transaction.begin(repo, { fsync: false });
  for (let index = 0; index < refCount; index++) {
    writeCommit(repo, { tree, meta, timestamp: index, ref: `many/${index % 100}/${index}`, transaction });
  }
  transaction.commit();
}

try {
  const tree = process.env["ATOMIC_BENCH_TREE"] ?? join(work, "tree");
  if (process.env["ATOMIC_BENCH_TREE"] === undefined) makeSystemTree(tree);
  console.log(`\nupkeep of a repository of ${describeTree(tree)}`);
  const repos = Object.fromEntries(["archive", "bare-user", "bare"].map((mode) => [mode, makeRepo(mode, tree)]));
  heading("ostree");
  for (const [mode, path] of Object.entries(repos)) both(`fsck, ${mode}`, () => [`--repo=${path}`, "fsck", "-q"]);
  both("prune, nothing to do", () => [`--repo=${repos["bare-user"]}`, "prune"]);
  addHistory(repos["bare-user"]!);
  const copy = (side: Side) => join(work, side);
  both(
    "prune four commits, 16,000 files",
    (side) => [`--repo=${copy(side)}`, "prune", "--refs-only", "--depth=0"],
    (side) => {
      rmSync(copy(side), { recursive: true, force: true });
      execFileSync("cp", ["-a", repos["bare-user"]!, copy(side)]);
    },
  );
  addRefs(repos["archive"]!);
  both(`refs, ${refCount}`, () => [`--repo=${repos["archive"]}`, "refs"]);
  both(`summary -u, ${refCount} refs`, () => [`--repo=${repos["archive"]}`, "summary", "-u"]);
} finally {
  rmSync(work, { recursive: true, force: true });
}
