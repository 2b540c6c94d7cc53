// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { removeTree } from "../../src/base/index.ts";
import { checkout, Repo } from "../../src/ostree/index.ts";
import { commitDirectory, describeTree, makeManyFiles, makeReferenceTree, stock, temporary } from "./fixture.ts";

function makeRepo(path: string): Repo {
  return Repo.init(join(path, "repo"), "archive");
}

test("the second checkout of an archive links what the first unpacked, and is the same", async () => {
  using scratch = temporary();
  const disk = join(scratch.path, "tree");
  makeReferenceTree(disk);
  writeFileSync(join(disk, "large"), Buffer.alloc(17 << 20, "large"));
  const repo = makeRepo(scratch.path);
  await commitDirectory(repo, disk, "ref");
  const [one, two, plain] = ["one", "two", "plain"].map((name) => join(scratch.path, name)) as [string, string, string];
  await checkout(repo, "ref", plain, { user: true });
  assert.equal(existsSync(join(repo.path, "uncompressed-objects-cache")), false);
  await checkout(repo, "ref", one, { user: true, cache: true });
  await checkout(repo, "ref", two, { user: true, cache: true });
  assert.deepEqual(describeTree(one), describeTree(plain));
  assert.deepEqual(describeTree(two), describeTree(plain));
  for (const name of ["hello.txt", "large", "run.sh"]) {
    assert.equal(lstatSync(join(one, name)).ino, lstatSync(join(two, name)).ino, name);
  }
  // Empty files would reach the limit of links, and a link's target is not worth one.
  assert.equal(lstatSync(join(one, "empty")).nlink, 1);
  // Stock finds it and links as well.
  stock("checkout", "-U", `--repo=${repo.path}`, "ref", join(scratch.path, "stock"));
  assert.equal(lstatSync(join(scratch.path, "stock/large")).ino, lstatSync(join(one, "large")).ino);
});

test("what no checkout uses is removed when another checkout adds files", async () => {
  using scratch = temporary();
  const repo = makeRepo(scratch.path);
  for (const ref of ["old", "new"]) {
    const disk = join(scratch.path, ref);
    mkdirSync(disk);
    for (let index = 0; index < 600; index++) writeFileSync(join(disk, `${index}`), `${ref} ${index}`);
    await commitDirectory(repo, disk, ref);
    await checkout(repo, ref, join(scratch.path, "out"), { user: true, cache: true });
    removeTree(join(scratch.path, "out"));
  }
  const cache = join(repo.path, "uncompressed-objects-cache");
  const cached = readdirSync(cache).reduce((sum, prefix) => sum + readdirSync(join(cache, prefix)).length, 0);
  // Some prefixes of old files have no new ones.
  assert.ok(cached < 700, `${cached} files are still cached`);
});

test("threads fill the cache together; the repository's config forbids it", async () => {
  using scratch = temporary();
  const disk = join(scratch.path, "tree");
  makeManyFiles(disk, 2600);
  const repo = makeRepo(scratch.path);
  await commitDirectory(repo, disk, "ref");
  repo.config.set("core", "enable-uncompressed-cache", false);
  repo.saveConfig();
  const cache = join(repo.path, "uncompressed-objects-cache");
  await checkout(Repo.open(repo.path), "ref", join(scratch.path, "plain"), { user: true, cache: true, workers: 2 });
  assert.equal(existsSync(cache), false);
  repo.config.removeKey("core", "enable-uncompressed-cache");
  repo.saveConfig();
  await checkout(Repo.open(repo.path), "ref", join(scratch.path, "out"), { user: true, cache: true, workers: 2 });
  assert.equal(existsSync(cache), true);
  assert.deepEqual(describeTree(join(scratch.path, "out")), describeTree(join(scratch.path, "plain")));
  assert.deepEqual(
    readdirSync(join(repo.path, "tmp")).filter((name) => name !== "cache"),
    [],
  );
  rmSync(cache, { recursive: true });
});
