// SPDX-License-Identifier: Apache-2.0
/**
 * Random pairs of trees: both releases of stock generate the delta with random options, we apply it offline and by a pull,
 * in random modes; stock checks what came of it. ATOMIC_DELTA_TREES is how many (default 40), ATOMIC_DELTA_SEED where
 * they begin.
 */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { removeTree, setXattr } from "../../../src/base/index.ts";
import {
  addRemote,
  applyDeltaOffline,
  asChecksum,
  listDeltas,
  pull,
  Repo,
  serveDirectory,
} from "../../../src/ostree/index.ts";
import { temporary } from "../fixture.ts";
import { noise } from "./fixture.ts";

const newest = execFileSync(resolve(import.meta.dirname, "../../../tools/newest-ostree"), { encoding: "utf8" }).trim();
const programs = ["ostree", join(newest, "bin/ostree")];
const count = Number(process.env["ATOMIC_DELTA_TREES"] ?? 40);
const firstSeed = Number(process.env["ATOMIC_DELTA_SEED"] ?? 1);

/** Random numbers that a seed repeats (mulberry32). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 0x9e3779b1;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

function content(random: Random): Buffer {
  const length = random.pick([0, 1, 50, 4000, 40_000, 300_000, 1_200_000, 4_500_000]);
  const kind = random.below(3);
  if (kind === 0) return noise(length, random.below(1e9) + 1);
  if (kind === 1) return Buffer.alloc(length, random.below(256));
  return Buffer.alloc(length, `line ${random.below(1e6)} of some text that goes on\n`);
}

/** A later version: bytes changed, inserted, cut out. */
function changed(old: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(old);
  for (let edits = random.below(30); edits > 0 && bytes.length > 0; edits--)
    bytes[random.below(bytes.length)]! ^= 1 + random.below(255);
  const at = random.below(bytes.length + 1);
  const cut = random.chance(30) ? random.below(2000) : 0;
  const inserted = random.chance(60) ? noise(random.below(3000), random.below(1e9) + 1) : Buffer.alloc(0);
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + cut)]);
}

interface File {
  readonly path: string;
  content: Buffer;
  link?: string;
  mode: number;
  owner: number;
  xattrs: [string, Buffer][];
}

function newFile(path: string, random: Random): File {
  const link = random.chance(15) ? `../target-${random.below(5)}` : undefined;
  return {
    path,
    content: content(random),
    ...(link === undefined ? {} : { link }),
    mode: random.pick([0o644, 0o755, 0o4755, 0o600, 0o444]),
    owner: random.pick([0, 0, 1000]),
    xattrs: random.chance(20)
      ? [
          ["user.b", noise(1 + random.below(50), 3)],
          ["user.a", Buffer.from("x")],
        ]
      : [],
  };
}

function writeTree(root: string, files: readonly File[]): void {
  mkdirSync(root);
  for (const { path, content, link, mode, owner, xattrs } of files) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (link === undefined) writeFileSync(full, content);
    else symlinkSync(link, full);
    if (link !== undefined) continue;
    chownSync(full, owner, owner);
    chmodSync(full, mode);
    for (const [name, value] of xattrs) setXattr(full, name, value);
  }
}

function later(files: readonly File[], random: Random): File[] {
  const kept = files
    .filter(() => random.chance(90))
    .map((file): File => {
      const next = { ...file };
      if (random.chance(50)) next.content = changed(file.content, random);
      if (random.chance(10)) next.mode = 0o755;
      if (random.chance(10)) next.xattrs = [["user.c", Buffer.from("later")]];
      return random.chance(10) ? { ...next, path: `moved/${next.path}` } : next;
    });
  return [...kept, ...Array.from({ length: random.below(4) }, (_, index) => newFile(`new-${index}/file`, random))];
}

const run = promisify(execFile);

interface Case {
  readonly random: Random;
  readonly path: string;
  readonly source: string;
  stock(...args: string[]): Promise<string>;
}

/** Two commits and a delta between them, or to the later one from nothing. */
async function makeSource({ random, path, source, stock }: Case): Promise<{ empty: boolean }> {
  await stock("init", `--repo=${source}`, "--mode=archive");
  const count = 1 + random.below(12);
  const files = Array.from({ length: count }, (_, index) => newFile(`dir-${index % 3}/file-${index}`, random));
  for (const tree of [files, later(files, random)]) {
    const root = join(path, "tree");
    writeTree(root, tree);
    await stock(
      "commit",
      `--repo=${source}`,
      "-b",
      "test",
      `--tree=dir=${root}`,
      `--timestamp=@${tree === files ? 1 : 2}`,
    );
    removeTree(root);
  }
  const empty = random.chance(20);
  const flags = [
    ...(empty ? ["--empty"] : []),
    ...(random.chance(30) ? ["--inline"] : []),
    ...(random.chance(30) ? ["--disable-bsdiff"] : []),
    ...(random.chance(50) ? ["--set-endianness=B"] : []),
    ...(random.chance(50) ? ["--max-chunk-size=1"] : []),
  ];
  await stock("static-delta", "generate", `--repo=${source}`, "--min-fallback-size=0", ...flags, "test");
  return { empty };
}

async function check({ source, stock }: Case, repo: Repo, commit: string): Promise<void> {
  repo.setRef("result", asChecksum(commit));
  await stock("fsck", "-q", `--repo=${repo.path}`);
  const list = (path: string) => stock("ls", "-RCX", `--repo=${path}`, commit);
  assert.equal(await list(repo.path), await list(source));
}

async function judge(seed: number): Promise<void> {
  using scratch = temporary();
  const random = new Random(seed);
  const program = random.pick(programs);
  const stock = async (...args: string[]) => (await run(program, args, { maxBuffer: 1 << 26 })).stdout.trim();
  const one: Case = { random, path: scratch.path, source: join(scratch.path, "source"), stock };
  const { empty } = await makeSource(one);
  const to = await stock("rev-parse", `--repo=${one.source}`, "test");
  const older = async (name: string, mode: string) => {
    const path = join(scratch.path, name);
    await stock("init", `--repo=${path}`, `--mode=${mode}`);
    if (!empty)
      await stock(
        "pull-local",
        "--disable-fsync",
        `--repo=${path}`,
        one.source,
        await stock("rev-parse", `--repo=${one.source}`, "test^"),
      );
    return path;
  };
  const offline = Repo.open(await older("offline", random.pick(["bare", "bare-user", "archive"])));
  await applyDeltaOffline(offline, listDeltas(Repo.open(one.source))[0]!.path);
  await check(one, offline, to);

  await stock("summary", "-u", `--repo=${one.source}`);
  await using server = await serveDirectory(one.source);
  const path = await older("pulled", random.pick(["bare", "bare-user"]));
  addRemote(Repo.open(path), "origin", { url: server.url, set: new Map([["gpg-verify", false]]) });
  const stats = await pull(Repo.open(path), { remote: "origin", refs: ["test"], requireDeltas: true });
  assert.ok(stats.deltaParts > 0);
  await check(one, Repo.open(path), to);
}

for (let seed = firstSeed; seed < firstSeed + count; seed++) test(`random trees, seed ${seed}`, () => judge(seed));
