// SPDX-License-Identifier: Apache-2.0
/** Repositories that find in another one what they do not have (`core.parent`). */
import assert from "node:assert/strict";
import { lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkout, readTree, Repo, type RepoMode, scanTree, writeCommit, writeTree } from "../../src/ostree/index.ts";
import { commitDirectory, describeTree, makeReferenceTree, stock, temporary } from "./fixture.ts";

function childOf(parent: Repo, path: string, mode: RepoMode): Repo {
  const child = Repo.init(path, mode);
  child.config.set("core", "parent", parent.path);
  child.saveConfig();
  return Repo.open(path);
}

for (const mode of ["bare", "archive"] as const) {
  test(`a ${mode} repository reads and checks out what its parent has, by link where modes agree`, async () => {
    using scratch = temporary();
    const disk = join(scratch.path, "tree");
    makeReferenceTree(disk);
    const parent = Repo.init(join(scratch.path, "parent"), "bare");
    const commit = await commitDirectory(parent, disk, "ref");
    const child = childOf(parent, join(scratch.path, "child"), mode);
    assert.equal(child.resolve("ref"), commit);
    assert.equal(child.has(commit, "commit"), false);
    const [ours, theirs] = [join(scratch.path, "ours"), join(scratch.path, "theirs")];
    await checkout(child, "ref", ours);
    stock("checkout", `--repo=${child.path}`, commit, theirs);
    assert.deepEqual(describeTree(ours), describeTree(theirs));
    assert.equal(lstatSync(join(ours, "hello.txt")).ino, lstatSync(join(theirs, "hello.txt")).ino);
  });
}

test("a commit over what the parent has stores only what is not there", async () => {
  using scratch = temporary();
  const disk = join(scratch.path, "tree");
  makeReferenceTree(disk);
  const parent = Repo.init(join(scratch.path, "parent"), "archive");
  await commitDirectory(parent, disk, "ref");
  const child = childOf(parent, join(scratch.path, "child"), "archive");
  const tree = readTree(child, "ref");
  const added = join(scratch.path, "added");
  writeFileSync(added, "added\n");
  const node = scanTree(scratch.path, { filter: (path) => path === "/added" }).entries.get("added")!;
  tree.entries.set("added", node);
  const written = await writeTree(child, tree);
  assert.equal(written.stats.contentWritten, 1);
  writeCommit(child, { ...written, timestamp: 1, ref: "more" });
  const out = join(scratch.path, "out");
  stock("checkout", `--repo=${child.path}`, "more", out);
  assert.equal(lstatSync(join(out, "added")).size, 6);
});

test("parents in a circle are refused", () => {
  using scratch = temporary();
  const one = Repo.init(join(scratch.path, "one"), "bare");
  const two = childOf(one, join(scratch.path, "two"), "bare");
  one.config.set("core", "parent", two.path);
  one.saveConfig();
  assert.throws(() => Repo.open(two.path), { code: "ostree-bad-config" });
});
