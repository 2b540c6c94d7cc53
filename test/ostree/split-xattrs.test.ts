// SPDX-License-Identifier: Apache-2.0
/** Repositories whose attributes are objects of their own: nobody writes them yet, so these are made by hand. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { removeXattr } from "../../src/base/index.ts";
import { writeGVariant } from "../../src/formats/index.ts";
import {
  type Checksum,
  checkout,
  fsck,
  prune,
  pull,
  Repo,
  scanTree,
  writeTree,
  xattrsToVariant,
} from "../../src/ostree/index.ts";
import { commitDirectory, describeTree, makeReferenceTree, stock, temporary } from "./fixture.ts";

/** A commit `main` of the reference tree. */
async function makeSplitRepo(scratch: string): Promise<Repo> {
  const tree = join(scratch, "tree");
  makeReferenceTree(tree);
  const bare = Repo.init(join(scratch, "split"), "bare");
  await commitDirectory(bare, tree, "main");
  for (const { checksum, type } of bare.objects()) if (type === "file") splitXattrs(bare, checksum);
  bare.config.set("core", "mode", "bare-split-xattrs");
  bare.saveConfig();
  return Repo.open(bare.path);
}

function splitXattrs(repo: Repo, checksum: Checksum): void {
  const { xattrs } = repo.loadHeader(checksum);
  const bytes = writeGVariant("a(ayay)", xattrsToVariant(xattrs));
  const path = repo.objectPath(hash("sha256", bytes) as Checksum, "file-xattrs");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  linkSync(path, repo.objectPath(checksum, "file-xattrs-link"));
  for (const { name } of xattrs) removeXattr(repo.objectPath(checksum, "file"), name);
}

test("is checked, listed, checked out and pulled from as by stock", async () => {
  using scratch = temporary();
  const repo = await makeSplitRepo(scratch.path);
  assert.deepEqual((await fsck(repo)).findings, []);
  stock("fsck", `--repo=${repo.path}`);
  await checkout(repo, "main", join(scratch.path, "ours"));
  stock("checkout", `--repo=${repo.path}`, "main", join(scratch.path, "theirs"));
  assert.deepEqual(describeTree(join(scratch.path, "ours")), describeTree(join(scratch.path, "theirs")));
  assert.deepEqual(describeTree(join(scratch.path, "ours")), describeTree(join(scratch.path, "tree")));
  const archive = Repo.init(join(scratch.path, "archive"), "archive");
  archive.config.set('remote "split"', "url", `file://${repo.path}`);
  archive.config.set('remote "split"', "gpg-verify", false);
  archive.saveConfig();
  await pull(Repo.open(archive.path), { remote: "split", refs: ["main"] });
  stock("fsck", `--repo=${archive.path}`);
});

test("a file without its attributes is damaged, and so are attributes that are not what their checksum says", async () => {
  using scratch = temporary();
  const repo = await makeSplitRepo(scratch.path);
  const [file] = [...repo.objects()].filter(({ type }) => type === "file");
  rmSync(repo.objectPath(file!.checksum, "file-xattrs-link"));
  const [list] = [...repo.objects()].filter(({ type }) => type === "file-xattrs");
  const path = repo.objectPath(list!.checksum, "file-xattrs");
  const bytes = readFileSync(path);
  rmSync(path);
  writeFileSync(path, Buffer.concat([bytes, Buffer.of(1)]));
  const { findings } = await fsck(repo);
  const found = findings.map(({ checksum, type }) => `${checksum}.${type}`).sort();
  assert.deepEqual(found, [`${file!.checksum}.file`, `${list!.checksum}.file-xattrs`].sort());
});

test("attributes go with the last file that has them", async () => {
  using scratch = temporary();
  const repo = await makeSplitRepo(scratch.path);
  repo.setRef("main", undefined);
  prune(repo, { refsOnly: true });
  assert.deepEqual([...repo.objects()], []);
});

test("is not written to, except as an experiment without attributes", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "bare-split-xattrs");
  const tree = join(scratch.path, "tree");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), "content");
  const message = "Writing content object: Not allowed due to repo mode";
  await assert.rejects(writeTree(repo, scanTree(tree)), { code: "ostree-unsupported", message });
  process.env["OSTREE_EXP_WRITE_BARE_SPLIT_XATTRS"] = "1";
  try {
    await writeTree(repo, scanTree(tree));
  } finally {
    delete process.env["OSTREE_EXP_WRITE_BARE_SPLIT_XATTRS"];
  }
  const [file] = [...repo.objects()].filter(({ type }) => type === "file");
  assert.ok(existsSync(repo.objectPath(file!.checksum, "file")));
  assert.throws(() => repo.loadFile(file!.checksum), { code: "ostree-corrupt-object" });
});
