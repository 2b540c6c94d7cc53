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
    compute: "c188611310650025c8d427fb9ceca132388a393517890ca9837edcf949b4d8de",
    none: "455ad9766db07e5da279aaf88b15b197c404471d7419e4d6a532fdc72ae043aa",
  },
};

for (const mode of ["archive", "bare", "bare-user"] as const satisfies RepoMode[]) {
  test(`the image of a commit in a repository of mode ${mode} is stock's`, async () => {
    using scratch = temporary();
    makeReferenceTree(join(scratch.path, "reference"));
    makeManyFiles(join(scratch.path, "many"), 3000);
    const repo = Repo.init(join(scratch.path, "repo"), mode);
    const image = join(scratch.path, "image");
    for (const [name, expected] of Object.entries(stockDigests)) {
      await commitDirectory(repo, join(scratch.path, name), name);
      for (const [verity, digest] of Object.entries(expected)) {
        const made = await composefsImage(repo, name, image, { verity: verity as "compute" | "none" });
        assert.equal(made.toString("hex"), digest, `${name} ${verity}`);
        assert.deepEqual(fsVerityDigest(readFileSync(image)), made);
      }
    }
    assert.equal(statSync(image).mode & 0o7777, 0o644);
    assert.deepEqual(readdirSync(scratch.path).sort(), ["image", "many", "reference", "repo"]);
  });
}

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
