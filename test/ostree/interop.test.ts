// SPDX-License-Identifier: Apache-2.0
/** Both ways with stock `ostree`: it accepts what we write, and we read what it writes, in every mode. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  checkout,
  diffTrees,
  listTree,
  log,
  readTree,
  Repo,
  type RepoMode,
  writeCommit,
  writeTree,
} from "../../src/ostree/index.ts";
import { commitDirectory, describeTree, makeManyFiles, makeReferenceTree, stock, temporary } from "./fixture.ts";

const modes: readonly RepoMode[] = ["archive", "bare", "bare-user", "bare-user-only"];

/** Flags with which a mode can hold the reference tree, for stock and for us. */
function limits(mode: RepoMode): { flags: string[]; options: { canonicalPermissions?: boolean } } {
  if (mode !== "bare-user-only") return { flags: [], options: {} };
  return { flags: ["--canonical-permissions", "--no-xattrs"], options: { canonicalPermissions: true } };
}

/** Checkouts in each way that a mode allows; stock's flags and ours. */
const ways = (mode: RepoMode) =>
  [
    { flags: [], options: {} },
    { flags: ["-C"], options: { copy: true } },
    { flags: ["-U"], options: { user: true } },
    ...(mode === "bare" ? [{ flags: ["-H"], options: { requireHardlinks: true } }] : []),
    ...(mode.startsWith("bare-user") ? [{ flags: ["-U", "-H"], options: { user: true, requireHardlinks: true } }] : []),
  ] as const;

for (const mode of modes) {
  test(`stock reads what we commit, ${mode}`, async () => {
    using scratch = temporary();
    const tree = join(scratch.path, "tree");
    makeReferenceTree(tree);
    const repo = Repo.init(join(scratch.path, "ours"), mode);
    const checksum = await commitDirectory(repo, tree, "test/ref", limits(mode).options);
    stock("fsck", "-q", "--verify-bindings", `--repo=${repo.path}`);
    assert.equal(stock("rev-parse", `--repo=${repo.path}`, "test/ref").trim(), checksum);

    const other = join(scratch.path, "stock");
    stock("init", `--repo=${other}`, `--mode=${mode}`);
    stock("pull-local", `--repo=${other}`, repo.path, "test/ref");
    stock("fsck", "-q", `--repo=${other}`);
    stock("commit", `--repo=${other}`, "-b", "test/own", ...limits(mode).flags, `--tree=dir=${tree}`);
    const list = (at: string, ref: string) => stock("ls", "-RCX", `--repo=${at}`, ref);
    assert.equal(list(other, "test/ref"), list(other, "test/own"));
    assert.equal(list(repo.path, "test/ref"), list(other, "test/own"));
  });

  test(`we read what stock commits, ${mode}`, async () => {
    using scratch = temporary();
    const tree = join(scratch.path, "tree");
    makeReferenceTree(tree);
    const path = join(scratch.path, "stock");
    stock("init", `--repo=${path}`, `--mode=${mode}`);
    stock("commit", `--repo=${path}`, "-b", "test/ref", "-s", "One", ...limits(mode).flags, `--tree=dir=${tree}`);
    stock("commit", `--repo=${path}`, "-b", "test/ref", "-s", "Two", ...limits(mode).flags, `--tree=dir=${tree}`);
    const repo = Repo.open(path);
    assert.equal(repo.mode, mode);
    assert.equal(repo.resolve("test/ref"), stock("rev-parse", `--repo=${path}`, "test/ref").trim());
    assert.equal(repo.resolve("test/ref^"), stock("rev-parse", `--repo=${path}`, "test/ref^").trim());
    assert.deepEqual(
      [...log(repo, "test/ref")].map(({ commit }) => commit?.subject),
      ["Two", "One"],
    );
    const ours = [...listTree(repo, "test/ref", "/", Number.POSITIVE_INFINITY)].map(
      (entry) => `${entry.checksum} ${entry.meta === undefined ? "" : `${entry.meta} `}${entry.path}`,
    );
    const stocks = stock("ls", "-RC", `--repo=${path}`, "test/ref").trimEnd().split("\n");
    const columns = (line: string) =>
      line
        .replace(/ -> .*/, "")
        .split(/\s+/)
        .slice(4)
        .join(" ");
    assert.deepEqual(ours, stocks.map(columns));
    if (mode !== "bare-user-only") assert.deepEqual(diffTrees({ repo, rev: "test/ref" }, { directory: tree }), []);
  });

  for (const { flags, options } of ways(mode)) {
    test(`checkout ${flags.join(" ")} gives the tree that stock's gives, ${mode}`, async () => {
      using scratch = temporary();
      const tree = join(scratch.path, "tree");
      makeReferenceTree(tree);
      const path = join(scratch.path, "stock");
      stock("init", `--repo=${path}`, `--mode=${mode}`);
      stock("commit", `--repo=${path}`, "-b", "test/ref", ...limits(mode).flags, `--tree=dir=${tree}`);
      const expected = join(scratch.path, "expected");
      stock("checkout", `--repo=${path}`, ...flags, "test/ref", expected);
      for (const workers of [0, 2]) {
        const out = join(scratch.path, `out-${workers}`);
        await checkout(Repo.open(path), "test/ref", out, { ...options, workers });
        assert.deepEqual(describeTree(out), describeTree(expected));
      }
      stock("fsck", "-q", `--repo=${path}`);
    });
  }
}

test("a large tree is the same written by threads and by one, and stock's", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeManyFiles(tree, 3000);
  const archive = Repo.init(join(scratch.path, "threads"), "archive");
  const single = Repo.init(join(scratch.path, "single"), "bare-user");
  const checksum = await commitDirectory(archive, tree, "doc", { fsync: false });
  assert.equal(await commitDirectory(single, tree, "doc", { fsync: false, workers: 0 }), checksum);
  stock("fsck", "-q", `--repo=${archive.path}`);
  const path = join(scratch.path, "stock");
  stock("init", `--repo=${path}`, "--mode=bare-user");
  stock("commit", `--repo=${path}`, "-b", "doc", "--disable-fsync", "--timestamp=@0", `--tree=dir=${tree}`);
  assert.equal(Repo.open(path).resolve("doc"), checksum);

  const [ours, stocks] = [join(scratch.path, "out-ours"), join(scratch.path, "out-stock")];
  await checkout(single, "doc", ours, { user: true, requireHardlinks: true });
  stock("checkout", `--repo=${path}`, "-U", "-H", "doc", stocks);
  assert.deepEqual(describeTree(ours), describeTree(stocks));
});

test("a large file is hashed, stored, converted and read like any other", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  mkdirSync(tree);
  // Pieces are of 4 MiB, compressed objects above 16 MiB go by streams; part of the content does not compress.
  const content = Buffer.alloc(20_000_001);
  for (let index = 0; index < 3_000_000; index++) content[index] = (index * 2654435761) >>> 13;
  writeFileSync(join(tree, "large"), content);
  writeFileSync(join(tree, "larger-than-a-piece"), content.subarray(0, 9_000_001));
  const archive = Repo.init(join(scratch.path, "source"), "archive");
  await commitDirectory(archive, tree, "large");
  for (const mode of modes) {
    const repo = Repo.init(join(scratch.path, mode), mode);
    await commitDirectory(repo, tree, "large", limits(mode).options);
    stock("fsck", "-q", `--repo=${repo.path}`);
    const out = join(scratch.path, `out-${mode}`);
    await checkout(repo, "large", out);
    assert.ok(readFileSync(join(out, "large")).equals(content), mode);
    const converted = Repo.init(join(scratch.path, `converted-${mode}`), mode);
    const options = { ...limits(mode).options, label: mode === "archive" ? () => "l:l:l:s0" : () => undefined };
    const written = await writeTree(converted, readTree(archive, "large"), options);
    writeCommit(converted, { ...written, timestamp: 0, ref: "large" });
    stock("fsck", "-q", `--repo=${converted.path}`);
    if (mode === "bare") assert.equal(written.tree, archive.loadCommit(archive.resolve("large")).tree);
  }
});
