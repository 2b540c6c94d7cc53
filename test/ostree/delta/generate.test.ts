// SPDX-License-Identifier: Apache-2.0
/** Deltas that we make, applied by stock: with every option; stock checks the result. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { generateDelta, type GenerateDeltaOptions, Repo, serveDirectory } from "../../../src/ostree/index.ts";
import { stock, stockAsync, temporary } from "../fixture.ts";
import { lines, makeTwoCommits, noise, type TwoCommits } from "./fixture.ts";

let scratch: ReturnType<typeof temporary>;
let source: Repo;
let commits: TwoCommits;

before(() => {
  scratch = temporary();
  const path = join(scratch.path, "source");
  commits = makeTwoCommits(path, scratch.path);
  source = Repo.open(path);
});
after(() => scratch[Symbol.dispose]());

let number = 0;

/** A repository that stock applies deltas to: bare-user has what bare and archive make hard for root and for stock. */
function client(mode: string, ...revisions: readonly string[]): string {
  const path = join(scratch.path, `repo-${++number}`);
  stock("init", `--repo=${path}`, `--mode=${mode}`);
  if (revisions.length > 0) stock("pull-local", `--repo=${path}`, "--disable-fsync", source.path, ...revisions);
  return path;
}

function checkNewCommit(repo: string): void {
  stock("refs", `--repo=${repo}`, "--create=test", commits.to);
  stock("fsck", "-q", `--repo=${repo}`);
  assert.equal(stock("ls", "-RCX", `--repo=${repo}`, "test"), stock("ls", "-RCX", `--repo=${source.path}`, "test"));
}

const options: Record<string, Partial<GenerateDeltaOptions>> = {
  "as it is by default": {},
  "big-endian": { endianness: "B" },
  "in one file": { inline: true },
  "without bsdiff": { bsdiff: false },
  "with bsdiff for small files only": { maxBsdiffSize: 1_000_000 },
  "in small parts": { maxChunkSize: 100_000 },
};

for (const [name, chosen] of Object.entries(options)) {
  test(`stock applies a delta ${name}`, async () => {
    const filename = join(scratch.path, `delta-${++number}`, "superblock");
    const made = await generateDelta(source, { ...commits, minFallbackSize: 0, filename, ...chosen });
    assert.equal(made.path, filename);
    const repo = client("bare-user", commits.from);
    stock("static-delta", "apply-offline", `--repo=${repo}`, chosen.inline ? filename : dirname(filename));
    checkNewCommit(repo);
    if (chosen.inline) assert.deepEqual(readdirSync(dirname(filename)), ["superblock"]);
    if (chosen.bsdiff === false) assert.equal(made.counts.bsdiff, 0);
  });
}

test("a delta from nothing is all that stock needs", async () => {
  const { path, counts } = await generateDelta(source, { to: commits.to, minFallbackSize: 0 });
  assert.deepEqual({ ...counts, whole: 0 }, { whole: 0, bsdiff: 0, copy: 0 });
  const repo = client("bare-user");
  stock("static-delta", "apply-offline", `--repo=${repo}`, dirname(path));
  checkNewCommit(repo);
});

test("stock pulls by the delta, and what is too large for it by itself", async () => {
  const made = await generateDelta(source, { ...commits, minFallbackSize: 60_000 });
  assert.ok(made.fallbacks.length > 0);
  stock("summary", "-u", `--repo=${source.path}`);
  const repo = client("bare-user", commits.from);
  await using server = await serveDirectory(source.path, { port: 0 });
  stock("remote", "add", `--repo=${repo}`, "--no-gpg-verify", "origin", server.url);
  stock("refs", `--repo=${repo}`, "--create=origin:test", commits.from);
  await stockAsync("pull", `--repo=${repo}`, "--require-static-deltas", "origin", "test");
  checkNewCommit(repo);
});

test("the same commits give the same bytes whatever the number of threads", async () => {
  const files = async (threads: number) => {
    const directory = join(scratch.path, `threads-${++number}`);
    const options = { ...commits, minFallbackSize: 0, maxChunkSize: 200_000, threads };
    await generateDelta(source, { ...options, filename: join(directory, "superblock") });
    return readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "latin1")]);
  };
  const alone = await files(1);
  assert.deepEqual(alone, await files(3));
  assert.ok(alone.length > 3);
});

test("parts of an earlier delta with more of them go, and nothing else is left", async () => {
  const { path } = await generateDelta(source, { ...commits, maxChunkSize: 100_000 });
  assert.ok(readdirSync(dirname(path)).length > 3);
  const { parts } = await generateDelta(source, { ...commits, maxChunkSize: 100_000_000 });
  const expected = [...parts.keys()].map(String).concat(basename(path));
  assert.deepEqual(readdirSync(dirname(path)).sort(), expected.sort());
});

test("old versions are found by path, by path but for numbers, by name, and by content", async () => {
  const repo = Repo.init(join(scratch.path, "kernels"), "archive");
  const build = (version: string, names: readonly string[], text: string) => {
    const directory = join(scratch.path, `kernel-${version}`);
    for (const [index, name] of names.entries()) {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, Buffer.concat([noise(40_000, index + 10), lines(100, text)]));
    }
    return repo.resolve(stock("commit", `--repo=${repo.path}`, "-b", "k", `--tree=dir=${directory}`).trim());
  };
  const from = build(
    "1",
    ["modules/6.12.107-amd64/fs/a.ko", "lib/libx.so.1.2", "share/one/moved", "bin/old-name"],
    "old",
  );
  const to = build("2", ["modules/6.12.117-amd64/fs/a.ko", "lib/libx.so.2", "share/two/moved", "sbin/another"], "new");
  const { counts, parts } = await generateDelta(repo, { from, to });
  assert.equal(counts.whole, 0);
  assert.ok(parts.reduce((sum, { size }) => sum + size, 0) < 10_000);
});
