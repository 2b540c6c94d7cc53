// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  addRemote,
  fsck,
  type Checksum,
  type ObjectType,
  pull,
  repair,
  Repo,
  type RepoMode,
  type RepairOptions,
} from "../../src/ostree/index.ts";
import { makeReferenceTree, stock, temporary } from "./fixture.ts";

interface Scene {
  readonly directory: string;
  /** The repository that is damaged; its refs are of the remote `origin`. */
  readonly repo: Repo;
  /** Where it came from. */
  readonly origin: Repo;
}

/** Without flushes, which take their time on a busy machine. */
function makeRepo(path: string, mode: RepoMode): Repo {
  const { config } = Repo.init(path, mode);
  config.set("core", "fsync", false);
  writeFileSync(join(path, "config"), config.toString());
  return Repo.open(path);
}

async function makeScene(directory: string, mode: RepoMode): Promise<Scene> {
  makeReferenceTree(join(directory, "tree"));
  const path = join(directory, "origin");
  stock(`--repo=${path}`, "init", "--mode=archive");
  for (const ref of ["main", "other"])
    stock(`--repo=${path}`, "commit", "-b", ref, `--tree=dir=${join(directory, "tree")}`);
  const repo = makeRepo(join(directory, "repo"), mode);
  addRemote(repo, "origin", { url: pathToFileURL(path).href, set: new Map([["gpg-verify", false]]) });
  await pull(repo, { remote: "origin", refs: ["main", "other"], untrusted: true });
  return { directory, repo, origin: Repo.open(path) };
}

function objectOf(repo: Repo, name: string): Checksum {
  const { files } = repo.loadDirTree(repo.loadCommit(repo.resolve("origin:main")).tree);
  return files.find((file) => file.name === name)!.checksum;
}

/** Changes one byte of a file, but not of the hard links to it that other repositories have. */
function flip(path: string): void {
  const copy = `${path}.copy`;
  execFileSync("cp", ["-a", path, copy]);
  const bytes = readFileSync(copy);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(copy, bytes);
  renameSync(copy, path);
}

function empty(path: string): void {
  flip(path);
  truncateSync(path, 0);
}

function check({ repo }: Scene): void {
  stock(`--repo=${repo.path}`, "fsck", "-q");
  assert.ok(!existsSync(join(repo.path, "state/damaged")));
}

const root = ({ repo }: Scene) => repo.loadCommit(repo.resolve("origin:main"));
const damages: Record<string, (scene: Scene) => [Checksum, ObjectType]> = {
  "a damaged file": (scene) => [objectOf(scene.repo, "hello.txt"), "file"],
  "a damaged dirmeta": (scene) => [root(scene).meta, "dirmeta"],
  "a damaged dirtree": (scene) => [scene.repo.loadDirTree(root(scene).tree).dirs[0]!.tree, "dirtree"],
  "a damaged root": (scene) => [root(scene).tree, "dirtree"],
  "a damaged commit": (scene) => [scene.repo.resolve("origin:main"), "commit"],
};

for (const mode of ["archive", "bare-user"] as readonly RepoMode[]) {
  test(`everything comes back from the remote that refs came from, ${mode}`, async () => {
    using scratch = temporary();
    const scene = await makeScene(scratch.path, mode);
    const ways = [flip, (path: string) => rmSync(path), empty];
    for (const [index, [name, pick]] of Object.entries(damages).entries()) {
      const [checksum, type] = pick(scene);
      ways[index % ways.length]!(scene.repo.objectPath(checksum, type));
      const { repaired, unrepaired } = await repair(scene.repo);
      assert.deepEqual(unrepaired, [], name);
      const found = repaired.map((one) => [one.checksum, one.type, one.from]);
      assert.deepEqual(found, [[checksum, type, "remote origin"]], name);
      check(scene);
    }
    // What an earlier check has found, and marked.
    const [checksum, type] = damages["a damaged dirtree"]!(scene);
    rmSync(scene.repo.objectPath(checksum, type));
    assert.equal((await fsck(scene.repo)).marked.length, 2);
    assert.deepEqual((await repair(scene.repo)).repaired.length, 1);
    check(scene);
  });
}

test("a whole directory of objects that is gone comes back", async () => {
  using scratch = temporary();
  const scene = await makeScene(scratch.path, "bare-user");
  for (const prefix of readdirSync(join(scene.repo.path, "objects")).slice(0, 40)) {
    rmSync(join(scene.repo.path, "objects", prefix), { recursive: true });
  }
  const { unrepaired } = await repair(scene.repo);
  assert.deepEqual(unrepaired, []);
  check(scene);
});

/** Breaks things, takes the remote away, and repairs. */
async function withoutRemote(
  scene: Scene,
  options: RepairOptions,
  broken: readonly (readonly [Checksum, ObjectType])[],
): Promise<readonly string[]> {
  for (const [checksum, type] of broken) flip(scene.repo.objectPath(checksum, type));
  const { repaired, unrepaired, failures } = await repair(scene.repo, { remotes: [], ...options });
  assert.deepEqual([unrepaired, failures], [[], []]);
  assert.equal(repaired.length, broken.length);
  check(scene);
  return [...new Set(repaired.map(({ from }) => from.replace(scene.directory, "")))];
}

test("a repository of another mode has it", async () => {
  using scratch = temporary();
  const scene = await makeScene(scratch.path, "bare-user");
  const broken = Object.values(damages).map((pick) => pick(scene));
  assert.deepEqual(await withoutRemote(scene, { sources: [scene.origin] }, broken), ["repository /origin"]);
});

test("a checkout has it, and what was changed there does not come along", async () => {
  using scratch = temporary();
  const scene = await makeScene(scratch.path, "archive");
  const checkout = join(scratch.path, "checkout");
  stock(`--repo=${scene.repo.path}`, "checkout", "origin:main", checkout);
  const broken = ["a damaged file", "a damaged dirmeta", "a damaged dirtree"].map((name) => damages[name]!(scene));
  assert.deepEqual(await withoutRemote(scene, { checkouts: [checkout] }, broken), ["checkout /checkout"]);
  // Both names of it.
  for (const name of ["hello.txt", "sub/hardlink"]) writeFileSync(join(checkout, name), "changed");
  const [checksum, type] = damages["a damaged file"]!(scene);
  flip(scene.repo.objectPath(checksum, type));
  const { unrepaired } = await repair(scene.repo, { remotes: [], checkouts: [checkout] });
  assert.deepEqual([unrepaired[0]?.checksum, unrepaired[0]?.commits.length], [checksum, 2]);
});

test("a static delta of the repository has it", async () => {
  using scratch = temporary();
  const scene = await makeScene(scratch.path, "archive");
  const commit = scene.repo.resolve("origin:main");
  stock(`--repo=${scene.repo.path}`, "static-delta", "generate", "--empty", "--min-fallback-size=0", commit);
  const broken = ["a damaged file", "a damaged dirtree"].map((name) => damages[name]!(scene));
  assert.deepEqual(await withoutRemote(scene, {}, broken), [`static delta ${commit}`]);
});

test("another file of the same content has it", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  const repo = makeRepo(join(scratch.path, "repo"), "bare-user");
  writeFileSync(join(tree, "one"), "content", { mode: 0o644 });
  writeFileSync(join(tree, "two"), "content", { mode: 0o755 });
  stock(`--repo=${repo.path}`, "commit", "-b", "main", `--tree=dir=${tree}`);
  const { files } = repo.loadDirTree(repo.loadCommit(repo.resolve("main")).tree);
  const { checksum } = files.find(({ name }) => name === "one")!;
  flip(repo.objectPath(checksum, "file"));
  const { repaired, unrepaired } = await repair(repo);
  assert.deepEqual([repaired[0]?.from, unrepaired], ["objects of the same content", []]);
  stock(`--repo=${repo.path}`, "fsck", "-q");
});

test("what cannot be repaired is where it was, and the commit is marked for a pull", async () => {
  using scratch = temporary();
  const scene = await makeScene(scratch.path, "archive");
  const path = scene.repo.objectPath(objectOf(scene.repo, "hello.txt"), "file");
  flip(path);
  const damaged = readFileSync(path);
  rmSync(scene.origin.path, { recursive: true });
  const { repaired, unrepaired, failures } = await repair(scene.repo);
  assert.deepEqual([repaired.length, unrepaired.length, failures[0]?.from], [0, 1, "remote origin"]);
  assert.deepEqual(readFileSync(path), damaged);
  assert.ok(scene.repo.isPartial(scene.repo.resolve("origin:main")));
});

test("damage that no commit needs is told and left to prune", async () => {
  using scratch = temporary();
  const scene = await makeScene(scratch.path, "archive");
  const checksum = objectOf(scene.repo, "hello.txt");
  flip(scene.repo.objectPath(checksum, "file"));
  for (const ref of ["main", "other"]) {
    const commit = scene.repo.resolve(`origin:${ref}`);
    scene.repo.setRef(`origin:${ref}`, undefined);
    rmSync(scene.repo.objectPath(commit, "commit"), { force: true });
  }
  const { unneeded, unrepaired } = await repair(scene.repo);
  assert.deepEqual([unneeded[0]?.checksum, unrepaired], [checksum, []]);
});

test("a sound repository is left as it is", async () => {
  using scratch = temporary();
  const scene = await makeScene(scratch.path, "archive");
  const { repaired, unrepaired, unneeded } = await repair(scene.repo);
  assert.deepEqual([repaired, unrepaired, unneeded], [[], [], []]);
});
