// SPDX-License-Identifier: Apache-2.0
/** Objects that an attacker made, or a disk damaged: refused with a word on what is wrong, never obeyed. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { setXattr } from "../../src/base/index.ts";
import { writeGVariant } from "../../src/formats/index.ts";
import {
  asChecksum,
  type Checksum,
  checkout,
  compareNames,
  decodeArchiveHeader,
  decodeCommit,
  decodeDirMeta,
  decodeDirTree,
  decodeFileHeader,
  encodeArchiveHeader,
  encodeDirMeta,
  encodeDirTree,
  encodeFileHeader,
  listTree,
  readTree,
  Repo,
  Transaction,
  writeCommit,
} from "../../src/ostree/index.ts";
import { commitDirectory, makeReferenceTree, temporary } from "./fixture.ts";

const zero = Buffer.alloc(32);
const refused = /^(ostree-(corrupt-object|bad-name|bad-checksum)|formats-gvariant-malformed)$/;

test("entry names that lead elsewhere, or stand for two things, are refused", () => {
  const file = (name: string): [string, Buffer] => [name, zero];
  const dir = (name: string): [string, Buffer, Buffer] => [name, zero, zero];
  const bad: [[string, Buffer][], [string, Buffer, Buffer][]][] = [
    [[file("..")], []],
    [[file(".")], []],
    [[file("")], []],
    [[file("/etc/passwd")], []],
    [[file("a/b")], []],
    [[], [dir("..")]],
    [[], [dir("../..")]],
    [[file("a"), file("a")], []],
    [[file("b"), file("a")], []],
    [[], [dir("a"), dir("a")]],
    [[file("a")], [dir("a")]],
    [[["a", zero.subarray(1)]], []],
    [[], [["a", zero, Buffer.alloc(33)]]],
  ];
  for (const [files, dirs] of bad) {
    const bytes = writeGVariant("(a(say)a(sayay))", [files, dirs]);
    assert.throws(() => decodeDirTree(bytes, "dirtree"), { code: refused }, JSON.stringify([files, dirs]));
  }
});

test("checkout, ls and reading of a tree with such a name write and read nothing outside", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  using transaction = Transaction.begin(repo);
  const header = { uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] };
  const evil = Buffer.from(transaction.writeContent(header, Buffer.from("evil")), "hex");
  const tree = transaction.writeMetadata("dirtree", writeGVariant("(a(say)a(sayay))", [[["../evil", evil]], []]));
  const meta = transaction.writeMetadata("dirmeta", encodeDirMeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] }));
  writeCommit(repo, { tree, meta, timestamp: 0, ref: "evil", transaction });
  transaction.commit();
  await assert.rejects(checkout(repo, "evil", join(scratch.path, "out")), { code: "ostree-bad-name" });
  assert.ok(!existsSync(join(scratch.path, "evil")));
  assert.throws(() => [...listTree(repo, "evil")], { code: "ostree-bad-name" });
  assert.throws(() => readTree(repo, "evil"), { code: "ostree-bad-name" });
});

test("directories nested without end are refused", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  using transaction = Transaction.begin(repo, { fsync: false });
  const meta = transaction.writeMetadata("dirmeta", encodeDirMeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] }));
  let tree = transaction.writeMetadata("dirtree", encodeDirTree({ files: [], dirs: [] }));
  for (let depth = 0; depth < 300; depth++) {
    tree = transaction.writeMetadata("dirtree", encodeDirTree({ files: [], dirs: [{ name: "d", tree, meta }] }));
  }
  writeCommit(repo, { tree, meta, timestamp: 0, ref: "deep", transaction });
  transaction.commit();
  assert.throws(() => readTree(repo, "deep"), { code: "ostree-corrupt-object" });
  assert.throws(() => [...listTree(repo, "deep", "/", Number.POSITIVE_INFINITY)], { code: "ostree-corrupt-object" });
  await assert.rejects(checkout(repo, "deep", join(scratch.path, "out")), { code: "ostree-corrupt-object" });
});

test("headers of impossible files are refused", () => {
  const good = { uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] };
  for (const header of [
    { ...good, mode: 0o040755 },
    { ...good, mode: 0o020644 },
    { ...good, mode: 0o644 },
    { ...good, symlink: "target" },
    { ...good, mode: 0o120777 },
  ]) {
    assert.throws(() => decodeFileHeader(encodeFileHeader(header), "header"), { code: "ostree-corrupt-object" });
    assert.throws(() => decodeArchiveHeader(encodeArchiveHeader(header, 1), "header"), {
      code: "ostree-corrupt-object",
    });
  }
  assert.throws(() => decodeDirMeta(encodeDirMeta({ ...good, mode: 0o100644 }), "dirmeta"), {
    code: "ostree-corrupt-object",
  });
  const huge = Buffer.alloc(8);
  huge.writeUInt32BE(0xffffffff);
  assert.throws(() => decodeFileHeader(huge, "header"), { code: "ostree-corrupt-object" });
  const unnamed = writeGVariant("(uuua(ayay))", [0, 0, 0xed410000, [[Buffer.from("user.x"), Buffer.from("v")]]]);
  assert.throws(() => decodeDirMeta(unnamed, "dirmeta"), { code: "ostree-corrupt-object" });
});

test("metadata objects cut short at any byte are refused", () => {
  const dirtree = encodeDirTree({
    files: [{ name: "a", checksum: "ab".repeat(32) as Checksum }],
    dirs: [{ name: "b", tree: "cd".repeat(32) as Checksum, meta: "ef".repeat(32) as Checksum }],
  });
  for (let length = 0; length < dirtree.length; length++) {
    assert.throws(() => decodeDirTree(dirtree.subarray(0, length), "dirtree"), { code: refused }, `${length}`);
  }
  for (let length = 0; length < 100; length++) {
    assert.throws(() => decodeCommit(Buffer.alloc(length, 1), "commit"), { code: refused }, `${length}`);
  }
});

test("content that is damaged, longer or shorter than announced is refused when read", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  const checksum = "ab".repeat(32) as Checksum;
  const path = repo.objectPath(checksum, "file");
  mkdirSync(dirname(path), { recursive: true });
  const header = { uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] };
  const object = (size: number, content: Buffer) =>
    writeFileSync(path, Buffer.concat([encodeArchiveHeader(header, size), content]));
  for (const [size, content] of [
    [5, deflateRawSync(Buffer.alloc(50_000_000))],
    [500, deflateRawSync(Buffer.alloc(5))],
    [5, deflateRawSync(Buffer.from("hello")).subarray(0, 3)],
    [5, Buffer.from([0xff, 0xff, 0xff])],
    [5, Buffer.alloc(0)],
  ] as const) {
    object(size, content);
    assert.throws(() => repo.loadFile(checksum).content(), { code: "ostree-corrupt-object" }, `${size}`);
  }
  object(5, deflateRawSync(Buffer.from("hello")));
  assert.equal(repo.loadFile(checksum).content().toString(), "hello");
  for (const length of [0, 4, 7, 20]) {
    truncateSync(path, length);
    assert.throws(() => repo.loadFile(checksum), { code: refused }, `${length}`);
  }
});

test("bare-user objects without or with a wrong attribute are refused", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  await commitDirectory(repo, tree, "ref");
  const root = repo.loadDirTree(repo.loadCommit(repo.resolve("ref")).tree);
  const object = root.files.find(({ name }) => name === "hello.txt");
  assert.ok(object);
  const path = repo.objectPath(object.checksum, "file");
  for (const value of [Buffer.from("short"), Buffer.alloc(12), Buffer.alloc(50, 0xff)]) {
    setXattr(path, "user.ostreemeta", value);
    assert.throws(() => repo.loadFile(object.checksum), { code: refused });
    const out = join(scratch.path, `out-${value.length}`);
    await assert.rejects(checkout(repo, "ref", out, { user: true, requireHardlinks: true }), { code: refused });
  }
});

test("a checksum is 64 lower-case digits and nothing else", () => {
  for (const text of ["", "ab", "AB".repeat(32), `${"ab".repeat(32)}\n`, "../".repeat(22).slice(0, 64)]) {
    assert.throws(() => asChecksum(text), { code: "ostree-bad-checksum" });
  }
});

test("names are sorted by their UTF-8 bytes, as strcmp does", () => {
  const names = ["a", "aa", "b", "Z", "é", "日本", "\uffee", "😀", "a😀", "a\uffee", "-", "", "a.b", "a-b"];
  const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(names.toSorted(compareNames), byBytes);
});
