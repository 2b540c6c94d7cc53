// SPDX-License-Identifier: Apache-2.0
/** On file systems that share no blocks, where tests mostly run; `payload-link.judge.ts` is for those that do. */
import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cloneFile } from "../../src/base/index.ts";
import { type Checksum, checkout, fsck, prune, Repo } from "../../src/ostree/index.ts";
import { commitDirectory, describeTree, makeReferenceTree, temporary } from "./fixture.ts";

function repoWith(path: string, threshold: string): Repo {
  const repo = Repo.init(path, "bare-user");
  repo.config.set("core", "payload-link-threshold", threshold);
  repo.saveConfig();
  return Repo.open(path);
}

test("the threshold is read as libostree reads it", () => {
  using scratch = temporary();
  const thresholds = { "-1": Number.POSITIVE_INFINITY, 0: 0, 4096: 4096, none: 0 };
  for (const [text, expected] of Object.entries(thresholds)) {
    assert.equal(repoWith(join(scratch.path, text), text).settings.payloadLinkThreshold, expected, text);
  }
  assert.equal(Repo.init(join(scratch.path, "r"), "bare").settings.payloadLinkThreshold, Number.POSITIVE_INFINITY);
});

test("objects are whole whether blocks can be shared or not", async () => {
  using scratch = temporary();
  makeReferenceTree(join(scratch.path, "tree"));
  const repo = repoWith(join(scratch.path, "repo"), "0");
  await commitDirectory(repo, join(scratch.path, "tree"), "main");
  assert.deepEqual((await fsck(repo)).findings, []);
  await checkout(repo, "main", join(scratch.path, "copy"), { copy: true });
  assert.deepEqual(describeTree(join(scratch.path, "copy")), describeTree(join(scratch.path, "tree")));
  const [from, to] = ["from", "to"].map((name) => openSync(join(scratch.path, name), "w+"));
  writeFileSync(from!, "content");
  const shared = cloneFile(from!, to!);
  assert.equal(readFileSync(join(scratch.path, "to"), "utf8"), shared ? "content" : "");
  assert.equal(
    [...repo.objects()].some(({ type }) => type === "payload-link"),
    shared,
  );
  for (const fd of [from, to]) closeSync(fd!);
});

test("prune deletes the links that lead to nothing", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), "content");
  const repo = repoWith(join(scratch.path, "repo"), "0");
  await commitDirectory(repo, tree, "main");
  const [file] = [...repo.objects()].filter(({ type }) => type === "file");
  const link = (digit: string, target: string) => {
    const path = repo.objectPath(digit.repeat(64) as Checksum, "payload-link");
    mkdirSync(join(path, ".."), { recursive: true });
    symlinkSync(target, path);
  };
  link("a", `../${file!.checksum.slice(0, 2)}/${file!.checksum.slice(2)}.file`);
  link("b", `../bb/${"c".repeat(62)}.file`);
  link("c", "../../../../etc/passwd");
  assert.equal(prune(repo, { refsOnly: true }).pruned, 2);
  const left = ["aa", "bb", "cc"].map((prefix) => readdirSync(join(repo.path, "objects", prefix)).length);
  assert.deepEqual(left, [1, 0, 0]);
  repo.setRef("main", undefined);
  prune(repo, { refsOnly: true });
  assert.deepEqual(
    [...repo.objects()].filter(({ type }) => type === "file"),
    [],
  );
});
