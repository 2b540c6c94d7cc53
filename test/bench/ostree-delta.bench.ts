// SPDX-License-Identifier: Apache-2.0
/**
 * Static deltas against stock `ostree`: making one, applying it offline and in a pull. Input: this machine's libraries,
 * and the same with changes as a new build brings them: bytes changed all over, some inserted.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listDeltas, Repo } from "../../src/ostree/index.ts";
import { Random } from "../fuzz/mutate.ts";
import { atomic, compare, heading, stockOstree } from "./compare.ts";
import { startServer } from "./start-server.ts";
import { describeTree } from "./trees.ts";

const work = mkdtempSync("/dev/shm/atomic-bench-");
const stock = stockOstree();
const ostree = (...args: string[]) =>
  execFileSync(stock, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

const libraries = "/usr/lib/x86_64-linux-gnu";
const totalSize = 200e6;

/** Two trees of libraries, the second one a later build of four in five of them. */
function makeBuilds(older: string, later: string): void {
  const random = new Random(5);
  mkdirSync(older);
  mkdirSync(later);
  let size = 0;
  for (const name of readdirSync(libraries).sort()) {
    const path = join(libraries, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size < 20_000 || stat.size > 4e6 || size > totalSize) continue;
    size += stat.size;
    const content = readFileSync(path);
    writeFileSync(join(older, name), content);
    writeFileSync(join(later, name), random.below(5) === 0 ? content : rebuilt(content, random));
  }
}

function rebuilt(content: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(content);
  for (let edits = bytes.length / 400; edits > 0; edits--) bytes[random.below(bytes.length)]! += 1 + random.below(8);
  const at = random.below(bytes.length);
  const inserted = Buffer.from(Array.from({ length: 64 }, () => random.below(256)));
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
}

try {
  const trees = ["older", "later"].map((name) => join(work, name));
  makeBuilds(trees[0]!, trees[1]!);
  const source = join(work, "source");
  ostree(`--repo=${source}`, "init", "--mode=archive");
  for (const tree of trees) ostree(`--repo=${source}`, "commit", "-b", "bench", "--fsync=false", `--tree=dir=${tree}`);
  const from = ostree(`--repo=${source}`, "rev-parse", "bench^");
  const both = (
    name: string,
    args: (side: "ours" | "theirs") => string[],
    prepare?: (side: "ours" | "theirs") => void,
  ) =>
    compare({
      name,
      ...(prepare ? { prepare } : {}),
      ours: { command: atomic, args: ["ostree", ...args("ours")] },
      theirs: { command: stock, args: args("theirs") },
    });
  const older = (side: string) => {
    const path = join(work, side);
    rmSync(path, { recursive: true, force: true });
    ostree(`--repo=${path}`, "init", "--mode=bare");
    ostree(`--repo=${path}`, "config", "set", "core.fsync", "false");
    ostree(`--repo=${path}`, "pull-local", "--disable-fsync", source, from);
  };
  console.log(`\nstatic deltas between two builds of ${describeTree(trees[0]!)}`);
  heading("ostree");
  const generate = [`--repo=${source}`, "static-delta", "generate", "--min-fallback-size=0", "bench"];
  const sizes = new Map<string, number>();
  const sizeOf = (path: string) => readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  compare({
    name: "static-delta generate",
    runs: 1,
    ours: { command: atomic, args: ["ostree", ...generate] },
    theirs: { command: stock, args: generate },
    prepare: (side) => {
      const [delta] = listDeltas(Repo.open(source));
      if (side === "theirs" && delta) sizes.set("ours", sizeOf(delta.path));
      rmSync(join(source, "deltas"), { recursive: true, force: true });
    },
  });
  const delta = listDeltas(Repo.open(source))[0]!.path;
  const apply = (side: string) => [`--repo=${join(work, side)}`, "static-delta", "apply-offline", delta];
  both("static-delta apply-offline", apply, older);
  ostree(`--repo=${source}`, "summary", "-u");
  const server = await startServer(source);
  const pull = (side: string) => [`--repo=${join(work, side)}`, "pull", "--disable-fsync", "origin", "bench"];
  both("pull by a static delta", pull, (side) => {
    older(side);
    ostree(`--repo=${join(work, side)}`, "remote", "add", "--no-gpg-verify", "origin", server.url);
  });
  server.stop();
  console.log(`\nbytes of the delta: ours ${sizes.get("ours")}, theirs ${sizeOf(delta)}`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
