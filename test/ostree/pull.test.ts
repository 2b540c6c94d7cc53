// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  addRemote,
  fsck,
  loosePath,
  pull,
  type PullOptions,
  readSummary,
  Repo,
  type RepoMode,
  serveDirectory,
  updateSummary,
} from "../../src/ostree/index.ts";
import { makeReferenceTree, stock, stockAsync, temporary } from "./fixture.ts";

const modes: readonly RepoMode[] = ["archive", "bare", "bare-user", "bare-user-only"];

/** A repository made by stock ostree with two commits on `main` and one on `other/branch`. */
function makeSource(directory: string, mode: RepoMode): string {
  const tree = join(directory, "tree");
  if (!existsSync(tree)) makeReferenceTree(tree);
  const repo = join(directory, `source-${mode}`);
  stock(`--repo=${repo}`, "init", `--mode=${mode}`);
  const canonical = mode === "bare-user-only" ? ["--canonical-permissions", "--no-xattrs"] : [];
  const commit = (ref: string, day: number) =>
    stock(
      `--repo=${repo}`,
      "commit",
      "-b",
      ref,
      `--timestamp=2020-01-0${day} 00:00:00 +0000`,
      ...canonical,
      `--tree=dir=${tree}`,
    );
  commit("main", 1);
  writeFileSync(join(tree, "later"), "later\n");
  commit("main", 2);
  commit("other/branch", 3);
  return repo;
}

function target(directory: string, mode: RepoMode, url: string): Repo {
  const repo = Repo.init(join(directory, `target-${mode}`), mode);
  addRemote(repo, "origin", { url, set: new Map([["gpg-verify", false]]) });
  return repo;
}

test("pulls over HTTP from stock's archive into every mode, and stock accepts it", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path, "archive");
  await using server = await serveDirectory(source);
  for (const mode of modes.slice(0, 3)) {
    const repo = target(scratch.path, mode, server.url);
    const stats = await pull(repo, { remote: "origin", refs: ["main", "other/branch"] });
    assert.equal(stats.refs.get("main"), stock(`--repo=${source}`, "rev-parse", "main").trim());
    assert.ok(stats.fetchedContent > 10 && stats.transferred > 500 && !stats.local, mode);
    stock(`--repo=${repo.path}`, "fsck", "-q");
    assert.deepEqual([...repo.listRefs().keys()], ["origin:main", "origin:other/branch"]);
    const list = (path: string, ref: string) => stock(`--repo=${path}`, "ls", "-RCX", ref);
    assert.equal(list(repo.path, "origin:main"), list(source, "main"));
    const again = await pull(repo, { remote: "origin", refs: ["main"] });
    assert.deepEqual([again.fetchedContent, again.fetchedMetadata], [0, 0]);
  }
});

test("stock pulls over HTTP from our repository on our server", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path, "bare");
  const middle = Repo.init(join(scratch.path, "middle"), "archive");
  await pull(middle, { source: Repo.open(source), refs: ["main"] });
  await updateSummary(middle);
  await using server = await serveDirectory(middle.path);
  const end = join(scratch.path, "end");
  stock(`--repo=${end}`, "init", "--mode=bare-user");
  stock(`--repo=${end}`, "remote", "add", "--no-gpg-verify", "origin", server.url);
  await stockAsync(`--repo=${end}`, "pull", "origin", "main");
  stock(`--repo=${end}`, "fsck", "-q");
  assert.equal(await stockAsync(`--repo=${end}`, "remote", "refs", "origin"), "origin:main\n");
  assert.equal(stock(`--repo=${end}`, "rev-parse", "main"), stock(`--repo=${source}`, "rev-parse", "main"));
});

test("pulls from a local repository between every two modes that can hold the same", async () => {
  using scratch = temporary();
  for (const from of modes.slice(0, 3)) {
    const source = makeSource(join(scratch.path), from);
    for (const to of modes.slice(0, 3)) {
      for (const untrusted of [false, true]) {
        const repo = Repo.init(join(scratch.path, `${from}-${to}-${untrusted}`), to);
        const stats = await pull(repo, { source: Repo.open(source), untrusted });
        assert.ok(stats.local && stats.importedContent > 10);
        assert.deepEqual((await fsck(repo)).findings, []);
        stock(`--repo=${repo.path}`, "fsck", "-q");
        assert.deepEqual(repo.listRefs(), Repo.open(source).listRefs());
        const object = stock(`--repo=${source}`, "ls", "-C", "main", "hello.txt")
          .split(" ")
          .filter(Boolean)[4] as never;
        const linked = statSync(repo.objectPath(object, "file")).nlink > 1;
        // Untrusted ones are hashed first, then linked as well (import_via_reflink_is_possible).
        assert.equal(linked, from === to, `${from} to ${to}, untrusted ${untrusted}`);
      }
    }
  }
});

test("mirrors every ref with the summary, keeping the bytes of archived objects", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path, "archive");
  stock(`--repo=${source}`, "summary", "-u");
  await using server = await serveDirectory(source);
  const repo = target(scratch.path, "archive", server.url);
  await pull(repo, { remote: "origin", mirror: true });
  assert.deepEqual([...repo.listRefs().keys()], ["main", "other/branch"]);
  assert.deepEqual(readSummary(repo).bytes, readFileSync(join(source, "summary")));
  const file = repo.loadDirTree(repo.loadCommit(repo.resolve("main")).tree).files[0]!.checksum;
  const path = `objects/${loosePath(file, "file", "archive")}`;
  assert.deepEqual(readFileSync(join(repo.path, path)), readFileSync(join(source, path)));
  stock(`--repo=${repo.path}`, "fsck", "-q");
});

async function pulled(options: Partial<PullOptions>, check: (repo: Repo, source: string) => Promise<void> | void) {
  using scratch = temporary();
  const source = makeSource(scratch.path, "archive");
  await using server = await serveDirectory(source);
  const repo = target(scratch.path, "bare-user", server.url);
  await pull(repo, { remote: "origin", refs: ["main"], ...options });
  await check(repo, source);
}

test("depth", async () => {
  await pulled({ depth: 0 }, (repo) => assert.ok(!repo.has(repo.resolve("main^"), "commit")));
  await pulled({ depth: 1 }, async (repo) => {
    assert.ok(repo.has(repo.resolve("main^"), "commit"));
    assert.equal((await fsck(repo)).commits, 2);
  });
  await pulled({ depth: -1 }, (repo) => assert.equal(stock(`--repo=${repo.path}`, "fsck").includes("2 commits"), true));
});

test("commit metadata only, then the rest", async () => {
  await pulled({ commitMetadataOnly: true }, async (repo) => {
    const commit = repo.resolve("main");
    assert.ok(repo.isPartial(commit));
    assert.ok(!repo.has(repo.loadCommit(commit).tree, "dirtree"));
    await pull(repo, { remote: "origin", refs: ["main"] });
    assert.ok(!repo.isPartial(commit));
    stock(`--repo=${repo.path}`, "fsck", "-q");
  });
});

test("a subpath brings that part and leaves the commit partial", async () => {
  await pulled({ subpaths: ["/sub/deep", "/run.sh"] }, async (repo) => {
    assert.ok(repo.isPartial(repo.resolve("main")));
    assert.equal(stock(`--repo=${repo.path}`, "cat", "main", "/sub/deep/x"), "x");
    assert.match(stock(`--repo=${repo.path}`, "cat", "main", "/run.sh"), /echo hi/);
    const { files } = repo.loadDirTree(repo.loadCommit(repo.resolve("main")).tree);
    assert.ok(!repo.has(files.find(({ name }) => name === "hello.txt")!.checksum, "file"));
    await pull(repo, { remote: "origin", refs: ["main"] });
    stock(`--repo=${repo.path}`, "fsck", "-q");
  });
});

test("a commit asked for by checksum, and a ref at a checksum", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path, "archive");
  const [newest, older] = ["main", "main^"].map((rev) => stock(`--repo=${source}`, "rev-parse", rev).trim());
  await using server = await serveDirectory(source);
  const repo = target(scratch.path, "bare-user", server.url);
  await pull(repo, { remote: "origin", refs: [newest!] });
  assert.ok(repo.has(newest as never, "commit"));
  assert.equal(repo.listRefs().size, 0);
  await pull(repo, { remote: "origin", refs: [`main@${older}`] });
  assert.equal(repo.resolve("origin:main"), older);
});

test("objects are taken from a local cache repository", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path, "archive");
  const cache = Repo.init(join(scratch.path, "cache"), "bare-user");
  await pull(cache, { source: Repo.open(source), refs: ["main"] });
  await using server = await serveDirectory(source);
  const repo = target(scratch.path, "bare-user", server.url);
  const stats = await pull(repo, { remote: "origin", refs: ["main"], localCaches: [cache] });
  assert.equal(stats.fetchedContent, 0);
  assert.ok(stats.importedContent > 10);
  stock(`--repo=${repo.path}`, "fsck", "-q");
});
