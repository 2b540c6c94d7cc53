// SPDX-License-Identifier: Apache-2.0
/** Trees in memory: built, changed, brought from one repository to another, labelled; and what cannot be committed. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  checkout,
  diffTrees,
  type DirNode,
  ensureDirectory,
  type FileNode,
  findNode,
  markOverrides,
  newDirectory,
  overlayTree,
  parseStatOverride,
  readTree,
  Repo,
  type RepoMode,
  scanTree,
  Transaction,
  writeCommit,
  writeTree,
} from "../../src/ostree/index.ts";
import { commitDirectory, makeManyFiles, makeReferenceTree, stock, temporary } from "./fixture.ts";

function commitTree(
  repo: Repo,
  written: { tree: Parameters<typeof writeCommit>[1]["tree"]; meta: Parameters<typeof writeCommit>[1]["meta"] },
  ref: string,
) {
  return writeCommit(repo, { tree: written.tree, meta: written.meta, timestamp: 0, ref });
}

function textFile(text: string, mode = 0o644): FileNode {
  const header = { uid: 0, gid: 0, mode: 0o100000 | mode, symlink: "", xattrs: [] };
  return { kind: "file", header, source: { type: "bytes", bytes: Buffer.from(text) } };
}

test("a tree built in memory is the tree that stock commits from the disk", async () => {
  using scratch = temporary();
  const root = newDirectory();
  ensureDirectory(root, "/usr/bin").entries.set("tool", textFile("#!/bin/sh\n", 0o755));
  ensureDirectory(root, "/usr/etc").entries.set("conf", textFile("a=b\n"));
  const header = { uid: 0, gid: 0, mode: 0o120777, symlink: "usr/bin", xattrs: [] };
  root.entries.set("bin", { kind: "file", header, source: { type: "bytes", bytes: new Uint8Array() } });
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  const { tree } = await writeTree(repo, root);

  const disk = join(scratch.path, "tree");
  mkdirSync(join(disk, "usr/bin"), { recursive: true });
  mkdirSync(join(disk, "usr/etc"));
  writeFileSync(join(disk, "usr/bin/tool"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(disk, "usr/etc/conf"), "a=b\n", { mode: 0o644 });
  symlinkSync("usr/bin", join(disk, "bin"));
  stock("commit", `--repo=${repo.path}`, "-b", "disk", "--no-xattrs", `--tree=dir=${disk}`);
  assert.equal(repo.loadCommit(repo.resolve("disk")).tree, tree);
});

const modes: readonly RepoMode[] = ["archive", "bare", "bare-user"];

for (const from of modes) {
  for (const to of modes) {
    test(`a commit read from a ${from} repository is written to a ${to} one without change`, async () => {
      using scratch = temporary();
      const disk = join(scratch.path, "tree");
      makeReferenceTree(disk);
      const source = Repo.init(join(scratch.path, "source"), from);
      await commitDirectory(source, disk, "ref");
      const target = Repo.init(join(scratch.path, "target"), to);
      const written = await writeTree(target, readTree(source, "ref"));
      const commit = source.loadCommit(source.resolve("ref"));
      assert.deepEqual([written.tree, written.meta], [commit.tree, commit.meta]);
      commitTree(target, written, "ref");
      stock("fsck", "-q", `--repo=${target.path}`);
      const object = target.loadDirTree(written.tree).files.find(({ name }) => name === "hello.txt");
      assert.ok(object);
      assert.equal(lstatSync(target.objectPath(object.checksum, "file")).nlink, from === to ? 2 : 1);
    });
  }
}

test("directories of the disk are written and forgotten, so that no tree is in memory whole", async () => {
  using scratch = temporary();
  const disk = join(scratch.path, "tree");
  makeReferenceTree(disk);
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  const root = scanTree(disk);
  const before = await writeTree(repo, root);
  writeFileSync(join(disk, "later"), "later\n");
  const after = await writeTree(repo, root);
  assert.notEqual(after.tree, before.tree);
  // What was asked for is kept, for it may have been changed.
  assert.ok(root.entries.has("later"));
  rmSync(join(disk, "later"));
  root.entries.delete("later");
  assert.equal((await writeTree(repo, root)).tree, before.tree);
});

test("a changed node is written anew, the others are kept", async () => {
  using scratch = temporary();
  const disk = join(scratch.path, "tree");
  makeReferenceTree(disk);
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  await commitDirectory(repo, disk, "ref");
  const root = readTree(repo, "ref");
  const file = findNode(root, "/hello.txt") as FileNode;
  file.header = { ...file.header, mode: 0o100600 };
  ensureDirectory(root, "/sub").entries.set("new", textFile("new\n"));
  (findNode(root, "/ro") as FileNode).source = { type: "bytes", bytes: Buffer.from("other\n") };
  root.entries.delete("zz");
  const written = await writeTree(repo, root);
  assert.deepEqual([written.stats.contentTotal, written.stats.contentWritten], [15, 3]);
  commitTree(repo, written, "changed");
  stock("fsck", "-q", `--repo=${repo.path}`);
  assert.deepEqual(
    diffTrees({ repo, rev: "ref" }, { repo, rev: "changed" }).map(({ kind, path }) => `${kind} ${path}`),
    ["modified /hello.txt", "modified /ro", "removed /zz", "added /sub/new"],
  );
  const theirs = stock("diff", `--repo=${repo.path}`, "ref", "changed").trimEnd().split("\n").sort();
  assert.deepEqual(theirs, ["A    /sub/new", "D    /zz", "M    /hello.txt", "M    /ro"]);
});

test("labels are set on everything, and a second run hashes nothing that the cache knows", async () => {
  using scratch = temporary();
  const disk = join(scratch.path, "tree");
  makeReferenceTree(disk);
  const packages = Repo.init(join(scratch.path, "packages"), "bare");
  await commitDirectory(packages, disk, "ref");
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  const label = (path: string) => `system_u:object_r:${path === "/" ? "root" : "usr"}_t:s0`;
  const relabelCache = new Map<string, string>();
  const first = await writeTree(repo, readTree(packages, "ref"), { label, relabelCache });
  assert.ok(relabelCache.size > 0 && first.stats.contentWritten > 0);
  const again = await writeTree(repo, readTree(packages, "ref"), { label, relabelCache });
  assert.deepEqual([again.tree, again.meta, again.stats.contentWritten], [first.tree, first.meta, 0]);
  commitTree(repo, first, "labelled");
  stock("fsck", "-q", `--repo=${repo.path}`);
  for (const { header } of files(readTree(repo, "labelled"))) {
    const names = header.xattrs.map(({ name }) => name);
    assert.deepEqual(names, names.toSorted());
    assert.equal(names.filter((name) => name === "security.selinux").length, 1);
  }
  // An object that has its label already is brought over as it is.
  const copy = Repo.init(join(scratch.path, "copy"), "archive");
  const third = await writeTree(copy, readTree(repo, "labelled"), { label });
  assert.deepEqual([third.tree, third.meta], [first.tree, first.meta]);
});

function* files(node: DirNode): Generator<FileNode> {
  for (const child of node.entries.values()) {
    if (child.kind === "dir") yield* files(child);
    else yield child;
  }
}

const modifierForms: Record<string, { flags: string[]; options: Parameters<typeof writeTree>[2] }> = {
  owner: { flags: ["--owner-uid=5", "--owner-gid=6"], options: { uid: 5, gid: 6 } },
  "canonical permissions": { flags: ["--canonical-permissions"], options: { canonicalPermissions: true } },
  "no xattrs": { flags: ["--no-xattrs"], options: { noXattrs: true } },
  "read-only executables": { flags: ["--mode-ro-executables"], options: { modeRoExecutables: true } },
};

for (const [name, { flags, options }] of Object.entries(modifierForms)) {
  test(`commit modifiers do what stock's do: ${name}`, async () => {
    using scratch = temporary();
    const disk = join(scratch.path, "tree");
    makeReferenceTree(disk);
    const repo = Repo.init(join(scratch.path, "repo"), "archive");
    stock("commit", `--repo=${repo.path}`, "-b", "stock", ...flags, `--tree=dir=${disk}`);
    const written = await writeTree(repo, scanTree(disk), options);
    const expected = repo.loadCommit(repo.resolve("stock"));
    assert.deepEqual([written.tree, written.meta], [expected.tree, expected.meta]);
  });
}

test("statoverride adds and sets modes as stock does; a malformed line is refused", async () => {
  using scratch = temporary();
  const disk = join(scratch.path, "tree");
  makeReferenceTree(disk);
  const text = "+2048 /hello.txt\n=416 /ro\n=493 /sub\n";
  const file = join(scratch.path, "override");
  writeFileSync(file, text);
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  stock("commit", `--repo=${repo.path}`, "-b", "stock", `--statoverride=${file}`, `--tree=dir=${disk}`);
  const scanned = scanTree(disk);
  markOverrides(scanned, parseStatOverride(text, file));
  const written = await writeTree(repo, scanned);
  const expected = repo.loadCommit(repo.resolve("stock"));
  assert.deepEqual([written.tree, written.meta], [expected.tree, expected.meta]);
  assert.throws(() => parseStatOverride("nonsense\n", file), { code: "ostree-bad-statoverride" });
});

test("devices, FIFOs and names that are not UTF-8 are refused by name, and nothing is left behind", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  for (const [make, code] of [
    [["mkfifo", "pipe"], "ostree-unsupported-file"],
    [["mknod", "device", "c", "1", "3"], "ostree-unsupported-file"],
    [["sh", "-c", "touch \"$(printf 'bad\\377')\""], "ostree-bad-name"],
    [["sh", "-c", "ln -s \"$(printf 'bad\\377')\" link"], "ostree-bad-name"],
  ] as const) {
    const disk = join(scratch.path, make.at(-1)?.replaceAll("/", "") ?? "");
    mkdirSync(disk);
    execFileSync(make[0], make.slice(1), { cwd: disk });
    await assert.rejects(async () => writeTree(repo, scanTree(disk)), { code });
  }
  assert.deepEqual(readdirSync(join(repo.path, "tmp")), ["cache"]);
  assert.deepEqual(readdirSync(join(repo.path, "objects")), []);
});

test("names that would leave the tree are refused when a tree is written", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  for (const name of ["", ".", "..", "a/b", "a\0b"]) {
    const root = newDirectory();
    root.entries.set(name, textFile("x"));
    await assert.rejects(writeTree(repo, root), { code: "ostree-bad-name" });
  }
});

test("bare-user-only takes no file that would need its owner", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user-only");
  using transaction = Transaction.begin(repo);
  const header = { uid: 0, gid: 0, mode: 0o104755, symlink: "", xattrs: [] };
  assert.throws(() => transaction.writeContent(header, Buffer.from("x")), { code: "ostree-bad-mode" });
});

test("trees are laid over each other as --tree does", async () => {
  using scratch = temporary();
  const [one, two] = [join(scratch.path, "one"), join(scratch.path, "two")];
  makeManyFiles(one, 60);
  makeManyFiles(two, 90);
  writeFileSync(join(two, "d1/e1/f1"), "another\n");
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  stock("commit", `--repo=${repo.path}`, "-b", "stock", `--tree=dir=${one}`, `--tree=dir=${two}`);
  const root = scanTree(one);
  overlayTree(root, scanTree(two));
  const written = await writeTree(repo, root);
  const expected = repo.loadCommit(repo.resolve("stock"));
  assert.deepEqual([written.tree, written.meta], [expected.tree, expected.meta]);
});

test("what is random comes back as it was", async () => {
  using scratch = temporary();
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below;
  const name = () => ["ä", "b c", "日本", "x", "😀", "ﬀ", "-", "~"][random(8)] + String(random(1000));
  const grow = (depth: number): DirNode => {
    const node = newDirectory([0o755, 0o700, 0o1777, 0o2775][random(4)]);
    node.meta = { ...node.meta, uid: random(3), gid: random(70_000) };
    for (let count = random(9); count > 0; count--) {
      if (depth < 4 && random(3) === 0) node.entries.set(name(), grow(depth + 1));
      else if (random(5) === 0) {
        const header = { uid: random(2), gid: 0, mode: 0o120777, symlink: "t".repeat(1 + random(600)), xattrs: [] };
        node.entries.set(name(), { kind: "file", header, source: { type: "bytes", bytes: new Uint8Array() } });
      } else {
        const file = textFile(name().repeat(random(3000)), [0o644, 0o755, 0o4711, 0o400][random(4)]);
        if (random(4) === 0) {
          const value = Buffer.alloc(random(300), random(256));
          file.header = { ...file.header, xattrs: [{ name: `user.${random(9)}`, value }] };
        }
        node.entries.set(name(), file);
      }
    }
    return node;
  };
  for (let round = 0; round < 12; round++) {
    const root = grow(0);
    const mode = modes[round % 3] ?? "archive";
    const repo = Repo.init(join(scratch.path, `${round}`), mode);
    const written = await writeTree(repo, root, { fsync: false });
    commitTree(repo, written, "ref");
    stock("fsck", "-q", `--repo=${repo.path}`);
    // To the disk and back.
    const out = join(scratch.path, `out-${round}`);
    await checkout(repo, "ref", out);
    const back = await writeTree(repo, scanTree(out));
    assert.deepEqual([back.tree, back.meta], [written.tree, written.meta], `round ${round}, ${mode}`);
  }
});
