// SPDX-License-Identifier: Apache-2.0
/**
 * Commit and checkout against stock `ostree`: the same tree, the same kind of file system, fsync off on both sides unless
 * ATOMIC_BENCH_FSYNC is set. Input: a part of this machine's /usr and a tree of 300,000 small files, or the directory in
 * ATOMIC_BENCH_TREE; work happens in memory, or in the directory ATOMIC_BENCH_DIR.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { atomic, compare, heading, type Job, stockOstree } from "./compare.ts";
import { describeTree, makeSmallFiles, makeSystemTree } from "./trees.ts";

const work = mkdtempSync(join(process.env["ATOMIC_BENCH_DIR"] ?? "/dev/shm", "atomic-bench-"));
const fsync = process.env["ATOMIC_BENCH_FSYNC"] === undefined ? ["--fsync=false"] : [];
const stock = stockOstree();

type Side = "ours" | "theirs";

const repo = (side: Side, mode: string) => join(work, `${side}-${mode}`);

function freshRepo(side: Side, mode: string): void {
  rmSync(repo(side, mode), { recursive: true, force: true });
  execFileSync(stock, ["init", `--repo=${repo(side, mode)}`, `--mode=${mode}`]);
}

function job(name: string, args: (side: Side) => string[], prepare: (side: Side) => void): Job {
  return {
    name,
    ours: { command: atomic, args: ["ostree", ...args("ours")] },
    theirs: { command: stock, args: args("theirs") },
    prepare,
  };
}

function commit(tree: string, mode: string, again: boolean): Job {
  return job(
    `${again ? "commit again" : "commit"}, ${mode}`,
    (side) => ["commit", `--repo=${repo(side, mode)}`, "-b", "bench", ...fsync, `--tree=dir=${tree}`],
    (side) => {
      if (!again) freshRepo(side, mode);
    },
  );
}

const out = (side: Side) => join(work, `${side}-out`);

function checkout(mode: string, ...flags: string[]): Job {
  return job(
    `checkout ${flags.join(" ")}, ${mode}`,
    (side) => ["checkout", `--repo=${repo(side, mode)}`, ...flags, "bench", out(side)],
    (side) => rmSync(out(side), { recursive: true, force: true }),
  );
}

/** Each mode's checkouts. */
const modes = {
  archive: [["-U"]],
  "bare-user": [
    ["-U", "-H"],
    ["-U", "-C"],
  ],
  bare: [["-H"]],
};

function benchmark(tree: string): void {
  console.log(`\ncommit and checkout of ${describeTree(tree)}, fsync ${fsync.length > 0 ? "off" : "on"}`);
  heading("ostree");
  for (const [mode, checkouts] of Object.entries(modes)) {
    compare(commit(tree, mode, false));
    compare(commit(tree, mode, true));
    for (const flags of checkouts) compare(checkout(mode, ...flags));
    // Memory has room for one mode's repositories at a time.
    for (const side of ["ours", "theirs"] as const) {
      for (const path of [repo(side, mode), out(side)]) rmSync(path, { recursive: true });
    }
  }
}

try {
  const given = process.env["ATOMIC_BENCH_TREE"];
  if (given !== undefined) benchmark(given);
  else {
    makeSystemTree(join(work, "system"));
    benchmark(join(work, "system"));
    rmSync(join(work, "system"), { recursive: true });
    makeSmallFiles(join(work, "small"), 300_000);
    benchmark(join(work, "small"));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
