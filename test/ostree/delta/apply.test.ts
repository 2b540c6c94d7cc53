// SPDX-License-Identifier: Apache-2.0
/** Deltas that stock makes, applied by us: in every mode, with every option; stock checks the result. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { applyDeltaOffline, listDeltas, Repo, type RepoMode } from "../../../src/ostree/index.ts";
import { stock, temporary } from "../fixture.ts";
import { makeTwoCommits, type TwoCommits } from "./fixture.ts";

let scratch: ReturnType<typeof temporary>;
let source: string;
let commits: TwoCommits;

before(() => {
  scratch = temporary();
  source = join(scratch.path, "source");
  commits = makeTwoCommits(source, scratch.path);
});
after(() => scratch[Symbol.dispose]());

const options = {
  "as it is by default": [],
  "big-endian": ["--set-endianness=B"],
  "in one file": ["--inline"],
  "without bsdiff": ["--disable-bsdiff"],
  "in small parts": ["--max-chunk-size=1"],
} as const;

let number = 0;

/** A repository that has the older commit only. */
function olderRepo(mode: RepoMode): Repo {
  const path = join(scratch.path, `repo-${++number}`);
  stock("init", `--repo=${path}`, `--mode=${mode}`);
  stock("pull-local", `--repo=${path}`, "--disable-fsync", source, commits.from);
  return Repo.open(path);
}

function generate(...flags: readonly string[]): string {
  const name = `delta-${++number}`;
  stock("init", `--repo=${join(scratch.path, name)}`, "--mode=archive");
  stock("pull-local", `--repo=${join(scratch.path, name)}`, source, commits.from, commits.to);
  stock("static-delta", "generate", `--repo=${join(scratch.path, name)}`, "--min-fallback-size=0", ...flags);
  return listDeltas(Repo.open(join(scratch.path, name)))[0]!.path;
}

async function applied(repo: Repo, delta: string): Promise<void> {
  assert.deepEqual(await applyDeltaOffline(repo, delta), { to: commits.to });
  repo.setRef("test", commits.to);
  stock("fsck", "-q", `--repo=${repo.path}`);
  assert.equal(stock("ls", "-RCX", `--repo=${repo.path}`, "test"), stock("ls", "-RCX", `--repo=${source}`, "test"));
}

for (const [name, flags] of Object.entries(options)) {
  test(`a delta ${name} is applied`, () =>
    applied(olderRepo("bare"), generate(`--from=${commits.from}`, `--to=${commits.to}`, ...flags)));
}

for (const mode of ["bare-user", "archive"] as const) {
  test(`a delta is applied in mode ${mode}`, () =>
    applied(olderRepo(mode), generate(`--from=${commits.from}`, `--to=${commits.to}`)));
}

test("a delta from nothing is applied to an empty repository", async () => {
  const path = join(scratch.path, "empty");
  stock("init", `--repo=${path}`, "--mode=bare");
  await applied(Repo.open(path), generate("--empty", `--to=${commits.to}`));
});
