// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fsVerityDigest } from "../../src/formats/index.ts";
import {
  composefsImage,
  composefsMetadata,
  type RepoMode,
  Repo,
  scanTree,
  Transaction,
  writeCommit,
  writeTree,
} from "../../src/ostree/index.ts";
import { commitDirectory, makeManyFiles, makeReferenceTree, temporary } from "./fixture.ts";

/** What ostree 2026.4 says of the same trees: `commit --generate-composefs-metadata`, `checkout --composefs-noverity`. */
const stockDigests = {
  reference: {
    compute: "3711dd52738ddbbd8526bf2e7d022ad3d6dbf4c20e87ae3a5d98dd971ff04e6f",
    none: "3ec963c937f6a8f4e1e0aa7cbdd0ef5ce5e53c16ca5a5ed5e12d3f2bcf66061a",
  },
  many: {
    compute: "345e577d1d0f4e0089c3092744071a4e5846c1bac32427f1a52ea2a46b8722ae",
    none: "2f63724fb2dc3c91d78ad4282def4eb86854c800e2d1fd177994702497393540",
  },
};

for (const mode of ["archive", "bare", "bare-user"] as const satisfies RepoMode[]) {
  test(`the image of a commit in a repository of mode ${mode} is stock's`, async () => {
    using scratch = temporary();
    makeReferenceTree(join(scratch.path, "reference"));
    const repo = Repo.init(join(scratch.path, "repo"), mode);
    const image = join(scratch.path, "image");
    await checkImages(repo, "reference", join(scratch.path, "reference"), image);
    assert.equal(statSync(image).mode & 0o7777, 0o644);
    assert.deepEqual(readdirSync(scratch.path).sort(), ["image", "reference", "repo"]);
  });
}

async function checkImages(repo: Repo, name: keyof typeof stockDigests, tree: string, image: string): Promise<void> {
  await commitDirectory(repo, tree, name);
  for (const verity of ["compute", "none"] as const) {
    const made = await composefsImage(repo, name, image, { verity });
    assert.equal(made.toString("hex"), stockDigests[name][verity], `${name} ${verity}`);
    assert.deepEqual(fsVerityDigest(readFileSync(image)), made);
  }
}

test("so is that of a tree so large that several threads look at it", async () => {
  using scratch = temporary();
  makeManyFiles(join(scratch.path, "tree"), 1600);
  const repo = Repo.init(join(scratch.path, "repo"), "bare");
  await checkImages(repo, "many", join(scratch.path, "tree"), join(scratch.path, "image"));
});

test("a commit's digest is computed inside of its transaction, and holds against the image", async () => {
  using scratch = temporary();
  makeReferenceTree(join(scratch.path, "tree"));
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  using transaction = Transaction.begin(repo);
  const written = await writeTree(repo, scanTree(join(scratch.path, "tree")), { transaction });
  const [key, digest] = await composefsMetadata(transaction, written.tree, written.meta);
  writeCommit(repo, { ...written, timestamp: 0, metadata: new Map([[key, digest]]), ref: "good", transaction });
  const wrong = { type: "ay", value: Buffer.alloc(32, 1) };
  writeCommit(repo, { ...written, timestamp: 0, metadata: new Map([[key, wrong]]), ref: "wrong", transaction });
  transaction.commit();
  assert.equal(Buffer.from(digest.value as Uint8Array).toString("hex"), stockDigests.reference.compute);
  const image = join(scratch.path, "image");
  writeFileSync(image, "what was there");
  await assert.rejects(composefsImage(repo, "wrong", image), { message: /doesn't match expected digest \(0101/ });
  assert.equal(readFileSync(image, "utf8"), "what was there");
  await composefsImage(repo, "wrong", image, { verity: "present" });
  assert.deepEqual(await composefsImage(repo, "good", image), Buffer.from(digest.value as Uint8Array));
});

test("an image lacks nothing: a missing object is an error", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), "content");
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  await commitDirectory(repo, tree, "main");
  for (const { checksum, type } of repo.objects()) if (type === "file") rmSync(repo.objectPath(checksum, type));
  await assert.rejects(composefsImage(repo, "main", join(scratch.path, "image")), { code: "ostree-no-such-object" });
  assert.deepEqual(readdirSync(scratch.path).sort(), ["repo", "tree"]);
});

test("objects of the parent repository are found, whatever its mode", async () => {
  using scratch = temporary();
  makeReferenceTree(join(scratch.path, "tree"));
  const parent = Repo.init(join(scratch.path, "parent"), "archive");
  const commit = await commitDirectory(parent, join(scratch.path, "tree"), "main");
  const child = Repo.init(join(scratch.path, "child"), "bare");
  child.config.set("core", "parent", parent.path);
  child.saveConfig();
  const made = await composefsImage(Repo.open(child.path), commit, join(scratch.path, "image"));
  assert.equal(made.toString("hex"), stockDigests.reference.compute);
});
