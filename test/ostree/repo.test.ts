// SPDX-License-Identifier: Apache-2.0
/** Opening, refs and revisions, as stock resolves them. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Checksum,
  Repo,
  type RepoMode,
  writeCommit,
  Transaction,
  newDirectory,
  writeTree,
} from "../../src/ostree/index.ts";
import { describeTree, stock, temporary } from "./fixture.ts";

async function emptyCommit(repo: Repo, ref: string, subject: string, parent?: Checksum): Promise<Checksum> {
  const { tree, meta } = await writeTree(repo, newDirectory());
  return writeCommit(repo, { tree, meta, subject, timestamp: 1, ref, ...(parent === undefined ? {} : { parent }) });
}

for (const mode of ["archive", "bare", "bare-user", "bare-user-only"] satisfies RepoMode[]) {
  test(`init makes the files that stock's makes, ${mode}`, () => {
    using scratch = temporary();
    const repo = Repo.init(join(scratch.path, "ours"), mode);
    stock("init", `--repo=${join(scratch.path, "stock")}`, `--mode=${mode}`);
    assert.deepEqual(describeTree(repo.path), describeTree(join(scratch.path, "stock")));
    assert.equal(Repo.init(repo.path, mode).mode, mode);
    assert.throws(() => Repo.init(repo.path, mode === "bare" ? "archive" : "bare"), { code: "ostree-repo-exists" });
  });
}

test("what is no repository, or has a config that we do not understand, is refused", () => {
  using scratch = temporary();
  assert.throws(() => Repo.open(scratch.path), { code: "ostree-not-a-repo" });
  assert.throws(() => Repo.open(join(scratch.path, "missing")), { code: "ostree-not-a-repo" });
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  const broken: [string, string][] = [
    ["[core]\nmode=bare\n", "ostree-bad-config"],
    ["[core]\nrepo_version=2\nmode=bare\n", "ostree-bad-config"],
    ["[core]\nrepo_version=1\nmode=bare-split\n", "ostree-bad-config"],
    ["[core]\nrepo_version=1\nmin-free-space-size=12\n", "ostree-bad-config"],
    ["[core]\nrepo_version=1\nmin-free-space-percent=200\n", "ostree-bad-config"],
    ["[core]\nrepo_version=1\nfsync=perhaps\n", "formats-keyfile-value"],
    ["nonsense", "formats-keyfile-malformed"],
  ];
  for (const [text, code] of broken) {
    writeFileSync(join(repo.path, "config"), text);
    assert.throws(() => Repo.open(repo.path), { code });
  }
});

test("revisions resolve as stock resolves them", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  const first = await emptyCommit(repo, "a/b", "one");
  const second = await emptyCommit(repo, "a/b", "two", first);
  repo.setRef("origin:x/y", first);
  symlinkSync("a/b", join(repo.path, "refs/heads/alias"));
  for (const rev of [
    "a/b",
    "a/b^",
    second,
    `${second}^`,
    second.slice(0, 10),
    "origin:x/y",
    "x/y",
    "origin/x/y",
    "alias",
  ]) {
    assert.equal(repo.resolve(rev), stock("rev-parse", `--repo=${repo.path}`, rev).trim(), rev);
  }
  for (const rev of ["none", "origin:none", "other:x/y", "a", "ffffffff"]) {
    assert.equal(repo.tryResolve(rev), undefined, rev);
    assert.throws(() => repo.resolve(rev), { code: "ostree-no-such-ref" }, rev);
    assert.throws(() => stock("rev-parse", `--repo=${repo.path}`, rev), rev);
  }
  assert.throws(() => repo.resolve("a/b^^"), { code: "ostree-no-parent" });
  assert.throws(() => repo.resolve("../../config"), { code: "ostree-bad-ref" });
  assert.throws(() => repo.resolve(""), { code: "ostree-bad-ref" });
  assert.deepEqual([...repo.listRefs().keys()], ["a/b", "alias", "origin:x/y"]);
  assert.deepEqual(stock("refs", `--repo=${repo.path}`).trim().split("\n").sort(), ["a/b", "alias", "origin:x/y"]);
});

test("refs are written, replaced and removed; their names may not climb nor pass for checksums", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  const commit = await emptyCommit(repo, "one/two", "x");
  assert.equal(readFileSync(join(repo.path, "refs/heads/one/two"), "utf8"), `${commit}\n`);
  assert.throws(() => repo.setRef("one/two/three", commit), { code: "ostree-bad-ref" });
  assert.throws(() => repo.setRef("one", commit), { code: "ostree-bad-ref" });
  repo.setRef("one/two", undefined);
  repo.setRef("one", commit);
  assert.deepEqual([...repo.listRefs()], [["one", commit]]);
  for (const name of ["../x", "a//b", "/a", "a/", "", ".x", "a/../b", "a b", "a\n", "x:../y", commit]) {
    assert.throws(() => repo.setRef(name, commit), { code: "ostree-bad-ref" }, name);
  }
  mkdirSync(join(repo.path, "refs/heads/bad"));
  writeFileSync(join(repo.path, "refs/heads/bad/ref"), "not a checksum");
  assert.throws(() => repo.resolve("bad/ref"), { code: "ostree-bad-checksum" });
});

test("a beginning that several commits share is refused", () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  using transaction = Transaction.begin(repo, { fsync: false });
  // More commits than there are beginnings of two digits.
  const seen = new Set<string>();
  const shared = Array.from({ length: 257 }, (_, index) =>
    transaction.writeMetadata("commit", Buffer.from(`${index}`)).slice(0, 2),
  ).find((prefix) => seen.size === seen.add(prefix).size);
  transaction.commit();
  assert.ok(shared);
  assert.throws(() => repo.resolve(shared), { code: "ostree-ambiguous-checksum" });
});

test("a missing object is named", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "bare");
  const commit = await emptyCommit(repo, "ref", "x");
  const { tree } = repo.loadCommit(commit);
  rmSync(repo.objectPath(tree, "dirtree"));
  assert.throws(() => repo.loadDirTree(tree), {
    code: "ostree-no-such-object",
    message: new RegExp(`${tree}.dirtree`),
  });
});
