// SPDX-License-Identifier: Apache-2.0
/**
 * Pull over HTTP and local pull against stock `ostree`. Input: a part of this machine's /usr, or the directory in
 * ATOMIC_BENCH_TREE. Both pull from the same server, which shares the machine's cores with them.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { atomic, compare, heading, stockOstree } from "./compare.ts";
import { startServer } from "./start-server.ts";
import { describeTree, makeSystemTree } from "./trees.ts";

const work = mkdtempSync("/dev/shm/atomic-bench-");
const stock = stockOstree();
const ostree = (...args: string[]) => execFileSync(stock, args, { stdio: ["ignore", "pipe", "inherit"] });

try {
  const tree = process.env["ATOMIC_BENCH_TREE"] ?? join(work, "tree");
  if (process.env["ATOMIC_BENCH_TREE"] === undefined) makeSystemTree(tree);
  const repos: Record<string, string> = {};
  for (const mode of ["archive", "bare-user", "bare"]) {
    repos[mode] = join(work, mode);
    ostree(`--repo=${repos[mode]}`, "init", `--mode=${mode}`);
    ostree(`--repo=${repos[mode]}`, "commit", "-b", "bench", "--fsync=false", `--tree=dir=${tree}`);
  }
  const server = await startServer(repos["archive"]!);
  const target = (name: string, mode: string) => {
    const path = join(work, name);
    rmSync(path, { recursive: true, force: true });
    ostree(`--repo=${path}`, "init", `--mode=${mode}`);
    ostree(`--repo=${path}`, "remote", "add", "--no-gpg-verify", "origin", server.url);
    ostree(`--repo=${path}`, "config", "set", "core.min-free-space-percent", "0");
    return path;
  };
  const both = (
    name: string,
    args: (repo: string) => string[],
    prepare: (side: "ours" | "theirs") => void,
    repo?: string,
  ) => {
    compare({
      name,
      prepare,
      ours: { command: atomic, args: ["ostree", ...args(repo ?? join(work, "ours"))] },
      theirs: { command: stock, args: args(repo ?? join(work, "theirs")) },
    });
  };
  console.log(`\npull of ${describeTree(tree)}`);
  heading("ostree");
  for (const mode of ["bare-user", "archive"]) {
    const mirror = mode === "archive" ? ["--mirror"] : [];
    const args = (repo: string) => [`--repo=${repo}`, "pull", ...mirror, "--disable-fsync", "origin", "bench"];
    both(`pull over HTTP archive -> ${mode}`, args, (side) => target(side, mode));
  }
  for (const [from, to] of [
    ["archive", "bare-user"],
    ["bare", "bare"],
  ] as const) {
    const args = (repo: string) => [`--repo=${repo}`, "pull-local", "--disable-fsync", repos[from]!, "bench"];
    both(`pull-local ${from} -> ${to}`, args, (side) => target(side, to));
  }
  server.stop();
} finally {
  rmSync(work, { recursive: true, force: true });
}
