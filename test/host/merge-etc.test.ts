// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { getXattr, setXattr } from "../../src/base/index.ts";
import { diffEtc, mergeEtc } from "../../src/host/index.ts";

type Entry = string | { link: string } | { dir: number };

/** Writes a tree: a string is a file's content. */
function write(root: string, entries: Record<string, Entry>): void {
  mkdirSync(root, { recursive: true });
  for (const [path, entry] of Object.entries(entries)) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (typeof entry === "string") writeFileSync(full, entry);
    else if ("link" in entry) symlinkSync(entry.link, full);
    else {
      mkdirSync(full, { recursive: true });
      chmodSync(full, entry.dir);
    }
  }
}

function merge(
  t: TestContext,
  original: Record<string, Entry>,
  modified: Record<string, Entry>,
  target: Record<string, Entry>,
) {
  const root = mkdtempSync(join(tmpdir(), "atomic-etc-"));
  t.after(() => rmSync(root, { recursive: true }));
  const source = { original: join(root, "o"), modified: join(root, "m"), target: join(root, "t") };
  write(source.original, original);
  write(source.modified, modified);
  write(source.target, target);
  const result = mergeEtc(source);
  return { ...result, source, at: (path: string) => join(source.target, path) };
}

const text = (path: string) => readFileSync(path, "utf8");

test("changes are carried, the rest is the new version's", (t) => {
  const result = merge(
    t,
    { kept: "1", changed: "1", gone: "1", "d/a": "1", untouched: "1" },
    { kept: "1", changed: "mine", "d/a": "1", "d/b": "mine", untouched: "1", link: { link: "kept" } },
    { kept: "2", changed: "2", gone: "2", "d/a": "2", new: "2" },
  );
  assert.deepEqual([result.modified, result.removed, result.added], [1, 1, 2]);
  assert.deepEqual(result.conflicts, []);
  assert.equal(text(result.at("kept")), "2");
  assert.equal(text(result.at("changed")), "mine");
  assert.equal(text(result.at("d/a")), "2");
  assert.equal(text(result.at("d/b")), "mine");
  assert.equal(readlinkSync(result.at("link")), "kept");
  assert.throws(() => lstatSync(result.at("gone")), { code: "ENOENT" });
  assert.throws(() => lstatSync(result.at("untouched")), { code: "ENOENT" }, "the new version dropped it");
});

test("a change of mode alone is a change, of files and of directories", (t) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-etc-"));
  t.after(() => rmSync(root, { recursive: true }));
  const source = { original: join(root, "o"), modified: join(root, "m"), target: join(root, "t") };
  for (const tree of Object.values(source)) write(tree, { file: "1", "d/x": "1" });
  chmodSync(join(source.modified, "file"), 0o600);
  chmodSync(join(source.modified, "d"), 0o700);
  writeFileSync(join(source.target, "file"), "2");
  mergeEtc(source);
  assert.equal(lstatSync(join(source.target, "file")).mode & 0o7777, 0o600);
  assert.equal(lstatSync(join(source.target, "d")).mode & 0o7777, 0o700);
  assert.equal(text(join(source.target, "file")), "1", "the administrator's file wins whole");
});

test("files in directories that the new version dropped come back with their directories", (t) => {
  const result = merge(t, { "a/b/c/x": "1" }, { "a/b/c/x": "mine" }, {});
  assert.equal(text(result.at("a/b/c/x")), "mine");
});

test("file made a directory, directory made a symlink: the administrator's kind wins over an unchanged default", (t) => {
  const result = merge(
    t,
    { f: "1", "d/x": "1", "e/x": "1" },
    { "f/in/side": "mine", d: { link: "elsewhere" }, e: "mine" },
    { f: "1", "d/x": "2", "d/y": "2", "e/x": "1" },
  );
  assert.equal(text(result.at("f/in/side")), "mine");
  assert.equal(readlinkSync(result.at("d")), "elsewhere");
  assert.equal(text(result.at("e")), "mine");
  assert.deepEqual(result.conflicts, []);
});

test("what the new version ships as another kind stays, and the administrator's is saved beside it", (t) => {
  const result = merge(
    t,
    { f: "1", "d/x": "1", "l/x": "1" },
    { f: "mine", "d/x": "mine", "d/deep/y": "mine", "l/x": "mine", own: "mine" },
    { "f/x": "2", d: "2", l: { link: "../outside" }, "own/x": "2" },
  );
  assert.equal(text(result.at("f/x")), "2");
  assert.equal(text(result.at("f.atomic-save")), "mine");
  assert.equal(text(result.at("d")), "2");
  assert.equal(text(result.at("d.atomic-save/x")), "mine");
  assert.equal(text(result.at("d.atomic-save/deep/y")), "mine");
  assert.equal(text(result.at("l.atomic-save/x")), "mine");
  assert.equal(text(result.at("own.atomic-save")), "mine");
  assert.deepEqual(
    result.conflicts.map(({ path }) => path),
    ["d/deep", "d/deep/y", "d/x", "f", "l/x", "own"],
  );
});

test("a symlink of the new version is never written or deleted through", (t) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-etc-"));
  t.after(() => rmSync(root, { recursive: true }));
  const source = { original: join(root, "o"), modified: join(root, "m"), target: join(root, "t") };
  write(join(root, "outside"), { victim: "safe" });
  write(source.original, { "d/victim": "1", "d/x": "1" });
  write(source.modified, { "d/x": "mine" });
  write(source.target, { d: { link: "../outside" } });
  mergeEtc(source);
  assert.equal(text(join(root, "outside/victim")), "safe");
  assert.throws(() => lstatSync(join(root, "outside/x")), { code: "ENOENT" });
});

test("an added directory takes the place of a file and keeps its attributes", (t) => {
  const result = merge(t, {}, { "d/x": "mine", empty: { dir: 0o750 } }, { d: "2" });
  assert.equal(text(result.at("d/x")), "mine");
  assert.equal(lstatSync(result.at("empty")).mode & 0o7777, 0o750);
});

test("extended attributes come with a changed file but are no change by themselves", (t) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-etc-"));
  t.after(() => rmSync(root, { recursive: true }));
  const source = { original: join(root, "o"), modified: join(root, "m"), target: join(root, "t") };
  for (const tree of Object.values(source)) write(tree, { a: "1", b: "1" });
  setXattr(join(source.modified, "a"), "user.note", Buffer.from("x"));
  assert.deepEqual(diffEtc(source.original, source.modified), []);
  setXattr(join(source.modified, "b"), "user.note", Buffer.from("y"));
  writeFileSync(join(source.modified, "b"), "mine");
  mergeEtc(source);
  assert.equal(getXattr(join(source.target, "a"), "user.note"), undefined);
  assert.equal(getXattr(join(source.target, "b"), "user.note")?.toString(), "y");
});
