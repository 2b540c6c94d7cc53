// SPDX-License-Identifier: Apache-2.0
/**
 * Commit and checkout against stock `ostree`: the same tree, the same kind of file system, fsync off on both sides unless
 * ATOMIC_BENCH_FSYNC is set. Input: a part of this machine's /usr, or the directory in ATOMIC_BENCH_TREE; work happens in
 * memory, or in the directory ATOMIC_BENCH_DIR.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { atomic, compare, heading, type Job } from "./compare.ts";

const work = mkdtempSync(join(process.env["ATOMIC_BENCH_DIR"] ?? "/dev/shm", "atomic-bench-"));
const fsync = process.env["ATOMIC_BENCH_FSYNC"] === undefined ? ["--fsync=false"] : [];
const parts = [
  ...["doc", "locale", "perl", "vim", "zoneinfo", "icons", "man", "i18n"].map((name) => `/usr/share/${name}`),
  "/usr/lib/python3",
  "/usr/lib/git-core",
  "/usr/include",
];

type Side = "ours" | "theirs";

const repo = (side: Side, mode: string) => join(work, `${side}-${mode}`);

function freshRepo(side: Side, mode: string): void {
  rmSync(repo(side, mode), { recursive: true, force: true });
  execFileSync("ostree", ["init", `--repo=${repo(side, mode)}`, `--mode=${mode}`]);
}

function makeInput(): string {
  const given = process.env["ATOMIC_BENCH_TREE"];
  if (given !== undefined) return given;
  const tree = join(work, "tree");
  mkdirSync(tree);
  const present = parts.filter((part) => existsSync(part));
  // Links that lead nowhere make cp complain; the tree is as good without them.
  spawnSync("cp", ["-a", "--parents", ...present, tree], { stdio: "ignore" });
  return tree;
}

function job(name: string, args: (side: Side) => string[], prepare: (side: Side) => void): Job {
  return {
    name,
    ours: { command: atomic, args: ["ostree", ...args("ours")] },
    theirs: { command: "ostree", args: args("theirs") },
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

function checkout(mode: string, ...flags: string[]): Job {
  const out = (side: Side) => join(work, `${side}-out`);
  return job(
    `checkout ${flags.join(" ")}, ${mode}`,
    (side) => ["checkout", `--repo=${repo(side, mode)}`, ...flags, "bench", out(side)],
    (side) => rmSync(out(side), { recursive: true, force: true }),
  );
}

try {
  const tree = makeInput();
  const count = execFileSync("sh", ["-c", `find ${tree} -type f | wc -l; du -sm --apparent-size ${tree}`]).toString();
  const [files, megabytes] = count.split(/\s+/);
  console.log(`\ncommit and checkout of ${files} files, ${megabytes} MB, fsync ${fsync.length > 0 ? "off" : "on"}`);
  heading("ostree");
  for (const mode of ["archive", "bare-user"]) {
    compare(commit(tree, mode, false));
    compare(commit(tree, mode, true));
  }
  compare(checkout("bare-user", "-U", "-H"));
  compare(checkout("bare-user", "-U", "-C"));
  compare(checkout("archive", "-U"));
  compare(commit(tree, "bare", false));
  compare(checkout("bare", "-H"));
} finally {
  rmSync(work, { recursive: true, force: true });
}
