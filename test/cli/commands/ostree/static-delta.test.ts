// SPDX-License-Identifier: Apache-2.0
/** The verbs of `static-delta` over deltas that stock made: the same output, the same files. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stock, temporary } from "../../../ostree/fixture.ts";
import { decodeDeltaIndex } from "../../../../src/ostree/delta/format.ts";
import { makeTwoCommits, type TwoCommits } from "../../../ostree/delta/fixture.ts";

const atomic = join(import.meta.dirname, "../../../../atomic");
let scratch: ReturnType<typeof temporary>;
let repo: string;
let commits: TwoCommits;

before(() => {
  scratch = temporary();
  repo = join(scratch.path, "repo");
  commits = makeTwoCommits(repo, scratch.path);
  stock("static-delta", "generate", `--repo=${repo}`, "test");
  stock("static-delta", "generate", `--repo=${repo}`, "--empty", "--set-endianness=B", "test");
});
after(() => scratch[Symbol.dispose]());

function run(...words: readonly string[]) {
  const [verb = "", ...rest] = words;
  const { stdout, stderr, status } = spawnSync(atomic, ["ostree", "static-delta", verb, `--repo=${repo}`, ...rest], {
    encoding: "utf8",
  });
  return { stdout, stderr, status };
}

const sorted = (text: string) => text.split("\n").sort();

test("list, indexes and show print what stock prints", () => {
  assert.deepEqual(sorted(run("list").stdout), sorted(stock("static-delta", "list", `--repo=${repo}`)));
  for (const name of [`${commits.from}-${commits.to}`, commits.to]) {
    assert.equal(run("show", name).stdout, stock("static-delta", "show", `--repo=${repo}`, name));
  }
  assert.equal(run("indexes").stdout, "(No static deltas indexes)\n");
});

test("reindex writes the files that stock writes", () => {
  const copy = join(scratch.path, "copy");
  cpSync(repo, copy, { recursive: true });
  assert.equal(run("reindex").status, 0);
  stock("static-delta", "reindex", `--repo=${copy}`);
  const [directory = ""] = readdirSync(join(copy, "delta-indexes"));
  const [file = ""] = readdirSync(join(copy, "delta-indexes", directory));
  const place = join("delta-indexes", directory, file);
  // Stock writes the names in the order of a hash table.
  const entries = (where: string) => [...decodeDeltaIndex(readFileSync(join(where, place)), place)].sort();
  assert.deepEqual(entries(repo), entries(copy));
  assert.equal(run("indexes").stdout, `${commits.to}\n`);
  assert.match(readFileSync(join(repo, "config"), "utf8"), /indexed-deltas=true/);
});

test("delete removes one delta, and says when there is none", () => {
  assert.equal(run("delete", commits.to).status, 0);
  assert.equal(run("list").stdout, `${commits.from}-${commits.to}\n`);
  const missing = run("delete", commits.to);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, new RegExp(`Can't find delta ${commits.to}`));
});

test("verify of an unsigned delta fails and says why", () => {
  const outcome = run("verify", "--sign-type=spki", `${commits.from}-${commits.to}`);
  assert.equal(outcome.status, 1);
  assert.match(outcome.stderr, /no keys loaded|no signatures/);
});
