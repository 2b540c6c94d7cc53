// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setXattr } from "../../src/base/index.ts";
import { writeGVariant } from "../../src/formats/index.ts";
import { type Checksum, fsck, type FsckOptions, pull, Repo, type RepoMode } from "../../src/ostree/index.ts";
import { makeReferenceTree, stock, temporary } from "./fixture.ts";

const atomic = join(import.meta.dirname, "../../atomic");

function makeRepo(directory: string, mode: RepoMode): Repo {
  makeReferenceTree(join(directory, "tree"));
  const path = join(directory, "repo");
  stock(`--repo=${path}`, "init", `--mode=${mode}`);
  for (const ref of ["main", "other"])
    stock(`--repo=${path}`, "commit", "-b", ref, `--tree=dir=${join(directory, "tree")}`);
  return Repo.open(path);
}

function objectOf(repo: Repo, name: string): Checksum {
  const { files } = repo.loadDirTree(repo.loadCommit(repo.resolve("main")).tree);
  return files.find((file) => file.name === name)!.checksum;
}

/** Changes one byte of a file and keeps its mode, time and attributes. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(path, bytes);
}

async function broken(mode: RepoMode, damage: (repo: Repo) => void, options: FsckOptions = {}) {
  using scratch = temporary();
  const repo = makeRepo(scratch.path, mode);
  assert.deepEqual((await fsck(repo)).findings, []);
  damage(repo);
  return await fsck(repo, options);
}

test("symbolic links are not followed, wherever they lead", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "links");
  mkdirSync(tree);
  for (const [name, target] of [
    ["through-a-file", "/dev/null/x"],
    ["nowhere", "nowhere"],
  ] as const) {
    symlinkSync(target, join(tree, name));
  }
  const path = join(scratch.path, "repo");
  stock(`--repo=${path}`, "init", "--mode=bare");
  stock(`--repo=${path}`, "commit", "-b", "main", `--tree=dir=${tree}`);
  const { findings, objects } = await fsck(Repo.open(path));
  assert.deepEqual({ findings, objects }, { findings: [], objects: 5 });
});

for (const mode of ["archive", "bare", "bare-user"] as readonly RepoMode[]) {
  test(`damage of every kind is found, ${mode}`, async () => {
    const damages: Record<string, (repo: Repo, path: string) => void> = {
      "a changed byte": (_, path) => flip(path),
      "a truncated file": (_, path) => truncateSync(path, statSync(path).size - 1),
      "an empty file": (_, path) => truncateSync(path, 0),
      "a longer file": (_, path) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from("more")])),
    };
    if (mode === "bare") damages["another mode"] = (_, path) => chmodSync(path, 0o600);
    if (mode === "bare-user") {
      damages["another owner"] = (_, path) =>
        setXattr(path, "user.ostreemeta", writeGVariant("(uuua(ayay))", [0x01000000, 0, 0xa4810000, []]));
    }
    for (const [name, damage] of Object.entries(damages)) {
      if (mode === "archive" && name === "a longer file") continue; // bytes after the end of deflate data are ignored
      const { findings } = await broken(mode, (repo) =>
        damage(repo, repo.objectPath(objectOf(repo, "hello.txt"), "file")),
      );
      assert.equal(findings.length, 1, name);
      assert.equal(findings[0]!.commits.length, 2, name);
      assert.ok(findings[0]!.problem, name);
    }
  });
}

test("damaged and missing metadata objects", async () => {
  const root = (repo: Repo) => repo.loadCommit(repo.resolve("main"));
  const cases: ((repo: Repo) => string)[] = [
    (repo) => repo.objectPath(root(repo).meta, "dirmeta"),
    (repo) => repo.objectPath(repo.loadDirTree(root(repo).tree).dirs[0]!.tree, "dirtree"),
    (repo) => repo.objectPath(repo.resolve("main"), "commit"),
  ];
  for (const pick of cases) {
    const damaged = await broken("archive", (repo) => flip(pick(repo)));
    assert.match(damaged.findings[0]?.problem ?? "", /^Corrupted (dirmeta|dirtree|commit) object; checksum expected='/);
  }
  for (const pick of cases.slice(0, 2)) {
    const missing = await broken("archive", (repo) => rmSync(pick(repo)));
    assert.equal(missing.findings[0]?.problem, undefined);
    assert.equal(missing.findings[0]?.commits.length, 2);
  }
  await assert.rejects(
    broken("archive", (repo) => rmSync(cases[2]!(repo))),
    /commit/,
  );
});

test("--delete removes the damage and marks the commits; a pull repairs", async () => {
  using scratch = temporary();
  const repo = makeRepo(scratch.path, "archive");
  const good = Repo.init(join(scratch.path, "good"), "archive");
  await pull(good, { source: repo });
  const object = objectOf(repo, "hello.txt");
  // The good repository's objects are hard links to these.
  const path = repo.objectPath(object, "file");
  const bytes = readFileSync(path);
  rmSync(path);
  writeFileSync(path, bytes);
  flip(path);
  const { findings, marked } = await fsck(repo, { delete: true });
  assert.deepEqual([findings[0]?.deleted, marked.length], [true, 2]);
  assert.ok(!repo.has(object, "file") && repo.isPartial(repo.resolve("main")));
  const after = await fsck(repo);
  assert.deepEqual([after.partial, after.fsckPartial], [2, 2]);
  assert.notEqual(spawnSync("ostree", [`--repo=${repo.path}`, "fsck", "-q"]).status, 0);
  await pull(repo, { source: good });
  stock(`--repo=${repo.path}`, "fsck", "-q");
  assert.deepEqual((await fsck(repo)).partial, 0);
});

test("a damaged object that no commit needs is found too", async () => {
  const { findings } = await broken("archive", (repo) => {
    repo.setRef("main", undefined);
    flip(repo.objectPath(objectOf(Repo.open(repo.path), "hello.txt"), "file"));
  }).catch(() => ({ findings: [] }));
  assert.deepEqual(findings, []);
  using scratch = temporary();
  const repo = makeRepo(scratch.path, "archive");
  const object = objectOf(repo, "hello.txt");
  for (const ref of ["main", "other"]) {
    rmSync(repo.objectPath(repo.resolve(ref), "commit"));
    repo.setRef(ref, undefined);
  }
  flip(repo.objectPath(object, "file"));
  assert.deepEqual(
    (await fsck(repo)).findings.map(({ checksum, commits }) => [checksum, commits]),
    [[object, []]],
  );
});

test("bindings and back references", async () => {
  using scratch = temporary();
  const repo = makeRepo(scratch.path, "archive");
  await fsck(repo, { verifyBackRefs: true });
  repo.setRef("third", repo.resolve("main"));
  await fsck(repo);
  await assert.rejects(fsck(repo, { verifyBindings: true }), /Commit has no requested ref ‘third’/);
  repo.setRef("third", undefined);
  repo.setRef("main", undefined);
  await assert.rejects(fsck(repo, { verifyBackRefs: true }), /Ref ‘main’ in bindings .* does not exist/);
});

test("tombstones for commits whose parent is gone, as stock makes them", async () => {
  using scratch = temporary();
  const repo = makeRepo(scratch.path, "archive");
  const parent = repo.resolve("main");
  stock(`--repo=${repo.path}`, "commit", "-b", "main", "-s", "child", `--tree=dir=${join(scratch.path, "tree")}`);
  const child = repo.resolve("main");
  rmSync(repo.objectPath(parent, "commit"));
  const { tombstones } = await fsck(repo, { addTombstones: true });
  assert.deepEqual(tombstones, [child]);
  assert.ok(repo.has(child, "tombstone-commit") && !repo.has(child, "commit"));
});

test("the command's messages and exit codes are stock's", () => {
  using scratch = temporary();
  const repo = makeRepo(scratch.path, "archive");
  const object = objectOf(repo, "hello.txt");
  const both = (...options: string[]) =>
    [["ostree"], [atomic, "ostree"]].map(([command, ...words]) => {
      const { status, stderr } = spawnSync(command!, [...words, `--repo=${repo.path}`, "fsck", ...options], {
        encoding: "utf8",
      });
      const lines = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("fsck objects"));
      return { status, lines: lines.map((line) => line.replace(/commits [0-9a-f, ]+:/, "commits:")).sort() };
    });
  flip(repo.objectPath(object, "file"));
  const [stockDamaged, ours] = both("-q", "-a");
  assert.equal(ours!.status, stockDamaged!.status);
  assert.match(
    ours!.lines.join("\n"),
    new RegExp(`^In commits: fsck content object ${object}: .*\nerror: Repository corruption`, "s"),
  );
  assert.equal(stockDamaged!.lines.at(-1), ours!.lines.at(-1));
  rmSync(repo.objectPath(object, "file"));
  const [, missing] = both("-q").reverse();
  assert.equal(missing!.status, 1);
});
