// SPDX-License-Identifier: Apache-2.0
/** Pulls that take static deltas, which stock made, from a server. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  addRemote,
  deltaPath,
  loosePath,
  pull,
  type PullOptions,
  Repo,
  type RunningServer,
  serveDirectory,
} from "../../../src/ostree/index.ts";
import { stock, temporary } from "../fixture.ts";
import { makeTwoCommits, type TwoCommits } from "./fixture.ts";

let scratch: ReturnType<typeof temporary>;
let source: string;
let commits: TwoCommits;
let server: RunningServer;
let number = 0;

before(async () => {
  scratch = temporary();
  source = join(scratch.path, "source");
  commits = makeTwoCommits(source, scratch.path);
  server = await serveDirectory(source);
});
after(async () => {
  await server[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

/** Replaces the deltas of the source. */
function generate(...flags: readonly string[]): void {
  for (const name of ["deltas", "delta-indexes", "summary"])
    rmSync(join(source, name), { recursive: true, force: true });
  if (flags.length > 0) stock("static-delta", "generate", `--repo=${source}`, ...flags);
  stock("summary", "-u", `--repo=${source}`);
}

/** A repository that has the older commit on the ref. */
function older(): Repo {
  const path = join(scratch.path, `repo-${++number}`);
  stock("init", `--repo=${path}`, "--mode=bare");
  stock("pull-local", `--repo=${path}`, "--remote=origin", "--disable-fsync", source, commits.from);
  const repo = Repo.open(path);
  repo.setRef("origin:test", commits.from);
  addRemote(repo, "origin", { url: server.url, set: new Map([["gpg-verify", false]]) });
  return Repo.open(path);
}

const pullTest = (repo: Repo, options: PullOptions = {}) =>
  pull(repo, { remote: "origin", refs: ["test"], ...options });

function checkWhole(repo: Repo): void {
  assert.equal(repo.resolve("origin:test"), commits.to);
  assert.ok(!repo.isPartial(commits.to));
  stock("fsck", "-q", `--repo=${repo.path}`);
  assert.equal(
    stock("ls", "-RCX", `--repo=${repo.path}`, commits.to),
    stock("ls", "-RCX", `--repo=${source}`, commits.to),
  );
}

test("a delta from the commit that is here is taken, its fallbacks are fetched by themselves", async () => {
  generate("--min-fallback-size=1", "test");
  const repo = older();
  const stats = await pullTest(repo);
  assert.ok(stats.deltaParts > 0);
  checkWhole(repo);
});

test("a delta that carries its parts is taken", async () => {
  generate("--inline", "test");
  const repo = older();
  assert.ok((await pullTest(repo)).deltaParts > 0);
  checkWhole(repo);
});

test("an empty repository takes the delta from nothing; one with the ref does not", async () => {
  generate("--empty", "test");
  const path = join(scratch.path, "empty");
  stock("init", `--repo=${path}`, "--mode=bare");
  addRemote(Repo.open(path), "origin", { url: server.url, set: new Map([["gpg-verify", false]]) });
  const repo = Repo.open(path);
  assert.ok((await pullTest(repo)).deltaParts > 0);
  checkWhole(repo);
  const other = older();
  assert.equal((await pullTest(other)).deltaParts, 0);
  checkWhole(other);
});

test("deltas are found by the summary alone, and by the index alone", async () => {
  generate("test");
  rmSync(join(source, "delta-indexes"), { recursive: true, force: true });
  const bySummary = older();
  assert.ok((await pullTest(bySummary)).deltaParts > 0);
  stock("config", `--repo=${source}`, "set", "core.no-deltas-in-summary", "true");
  try {
    stock("summary", "-u", `--repo=${source}`);
    const byIndex = older();
    assert.ok((await pullTest(byIndex)).deltaParts > 0);
    checkWhole(byIndex);
  } finally {
    stock("config", `--repo=${source}`, "unset", "core.no-deltas-in-summary");
  }
});

test("without a delta a pull goes on without one, unless it is required", async () => {
  generate();
  const repo = older();
  await assert.rejects(pullTest(repo, { requireDeltas: true }), /Static deltas required|require static deltas/);
  assert.equal(repo.resolve("origin:test"), commits.from);
  assert.equal((await pullTest(repo)).deltaParts, 0);
  checkWhole(repo);
});

test("disabled, deltas are not taken", async () => {
  generate("test");
  assert.equal((await pullTest(older(), { disableDeltas: true })).deltaParts, 0);
});

test("a dry run tells what the delta would cost and brings nothing", async () => {
  generate("test");
  const repo = older();
  const { dryRun } = await pullTest(repo, { requireDeltas: true, dryRun: true });
  assert.ok(dryRun!.parts > 0 && dryRun!.partBytes > 1000 && dryRun!.uncompressedBytes > dryRun!.partBytes);
  assert.equal(repo.resolve("origin:test"), commits.from);
  assert.ok(!repo.has(commits.to, "commit"));
});

test("a superblock or part that is not what was announced is refused, and nothing of the commit is visible", async () => {
  generate("test");
  const delta = join(source, deltaPath(commits));
  for (const name of ["superblock", "0"]) {
    const path = join(delta, name);
    const good = readFileSync(path);
    const bad = Buffer.from(good);
    bad[bad.length - 200]! ^= 1;
    writeFileSync(path, bad);
    const repo = older();
    await assert.rejects(pullTest(repo), /Invalid checksum for static delta|Checksum mismatch in static delta part/);
    assert.equal(repo.resolve("origin:test"), commits.from);
    writeFileSync(path, good);
    await pullTest(repo);
    checkWhole(repo);
  }
});

test("a delta that leaves an object out is refused: its commit would look whole", async () => {
  generate("--min-fallback-size=1", "test");
  const repo = older();
  const { decodeSuperblock, encodeSuperblock } = await import("../../../src/ostree/delta/format.ts");
  const path = join(source, deltaPath(commits, "superblock"));
  const superblock = decodeSuperblock(readFileSync(path), "superblock");
  assert.ok(superblock.fallbacks.length > 0);
  writeFileSync(path, encodeSuperblock({ ...superblock, endianness: "l", fallbacks: [] }));
  stock("summary", "-u", `--repo=${source}`);
  await assert.rejects(pullTest(repo), /does not bring the file object/);
  assert.equal(repo.resolve("origin:test"), commits.from);
  await pullTest(repo, { disableDeltas: true });
  checkWhole(repo);
});

test("a pull that a missing part cut short goes on with the parts that it has", async () => {
  generate("--max-chunk-size=1", "--min-fallback-size=0", "test");
  const delta = join(source, deltaPath(commits));
  const last = readdirSync(delta).filter((name) => name !== "superblock").length - 1;
  assert.ok(last > 1);
  const part = readFileSync(join(delta, String(last)));
  rmSync(join(delta, String(last)));
  const repo = older();
  await assert.rejects(pullTest(repo), /404/);
  writeFileSync(join(delta, String(last)), part);
  const parts = readdirSync(delta).reduce((sum, name) => sum + readFileSync(join(delta, name)).length, 0);
  assert.ok((await pullTest(repo)).transferred < parts);
  checkWhole(repo);
  assert.ok(existsSync(join(repo.path, "objects", loosePath(commits.to, "commit", "bare"))));
});
