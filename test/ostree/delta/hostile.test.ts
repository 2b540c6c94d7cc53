// SPDX-License-Identifier: Apache-2.0
/** Deltas that no publisher makes. What libostree mended in the summer of 2026 is named by its commit. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Xattr } from "../../../src/base/index.ts";
import { writeGVariant } from "../../../src/formats/index.ts";
import { encodeObjects, encodeSuperblock, type DeltaObject } from "../../../src/ostree/delta/format.ts";
import { encodePart, encodePartPayload, type PartMode } from "../../../src/ostree/delta/part-format.ts";
import {
  applyDeltaOffline,
  type Checksum,
  decodeDirMeta,
  decodeSummary,
  encodeCommit,
  encodeDirMeta,
  encodeFileHeader,
  Repo,
} from "../../../src/ostree/index.ts";
import { temporary } from "../fixture.ts";

let scratch: ReturnType<typeof temporary>;
let number = 0;

before(() => (scratch = temporary()));
after(() => scratch[Symbol.dispose]());

const sum = (bytes: Uint8Array) => hash("sha256", bytes) as Checksum;
const plainMode: PartMode = { uid: 0, gid: 0, mode: 0o100644 };
const meta = encodeDirMeta({ uid: 0, gid: 0, mode: 0o040755, xattrs: [] });

interface Part {
  objects?: readonly DeltaObject[];
  usize?: number;
  modes?: readonly PartMode[];
  xattrs?: readonly (readonly Xattr[])[];
  data?: Uint8Array;
  operations?: readonly number[];
  /** The part's file, when it is not to be made of the rest. */
  file?: Uint8Array;
}

/** A delta of one part, in a directory. */
function makeDelta(part: Part): string {
  const path = join(scratch.path, `delta-${++number}`);
  mkdirSync(path);
  const payload = encodePartPayload({
    modes: part.modes ?? [plainMode],
    xattrs: part.xattrs ?? [[]],
    data: [part.data ?? new Uint8Array()],
    operations: Uint8Array.from(part.operations ?? []),
  });
  const file = part.file ?? encodePart(0, payload);
  writeFileSync(join(path, "0"), file);
  const commit = encodeCommit({
    metadata: new Map(),
    subject: "",
    body: "",
    timestamp: 1n,
    tree: sum(Buffer.from("tree")),
    meta: sum(meta),
  });
  const objects = encodeObjects(part.objects ?? [{ type: "dirmeta", checksum: sum(meta) }]);
  const superblock = encodeSuperblock({
    metadata: new Map(),
    timestamp: 1n,
    to: sum(commit),
    commit,
    parts: [{ version: 0, checksum: sum(file), size: file.length, usize: part.usize ?? 1000, objects }],
    fallbacks: [],
    endianness: "l",
  });
  writeFileSync(join(path, "superblock"), superblock);
  return path;
}

/** The delta is refused, and nothing of it is in the repository. */
async function refused(part: Part, message: RegExp): Promise<void> {
  const path = join(scratch.path, `repo-${++number}`);
  const repo = Repo.init(path, "bare-user");
  await assert.rejects(applyDeltaOffline(repo, makeDelta(part)), message);
  assert.deepEqual([...repo.objects()], []);
  assert.deepEqual(
    readdirSync(join(path, "tmp")).filter((name) => name.startsWith("staging")),
    [],
  );
}

const fileObject = (content: Uint8Array, xattrs: readonly Xattr[] = []): DeltaObject => ({
  type: "file",
  checksum: sum(Buffer.concat([encodeFileHeader({ uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs }), content])),
});
const S = 0x53;
const o = 0x6f;
const w = 0x77;
const r = 0x72;
const B = 0x42;
const c = 0x63;

test("a good part is applied: the others differ from it only in what they are refused for", async () => {
  const content = Buffer.from("content");
  const repo = Repo.init(join(scratch.path, "good"), "bare-user");
  const objects: DeltaObject[] = [{ type: "dirmeta", checksum: sum(meta) }, fileObject(content)];
  const data = Buffer.concat([meta, content]);
  const operations = [S, meta.length, 0, o, 0, 0, 7, w, 3, meta.length, w, 4, meta.length + 3, c];
  await applyDeltaOffline(repo, makeDelta({ objects, usize: data.length, data, operations }));
  assert.ok(objects.every(({ checksum, type }) => repo.has(checksum, type)));
});

test("libostree 7d1c30b2: an xz dictionary beyond 100 MiB is refused", () => {
  const body = execFileSync("xz", ["-c", "--lzma2=preset=0,dict=200MiB"], { input: Buffer.alloc(1000) });
  return refused({ file: encodePart(0x78, body) }, /needs more than 104857600 bytes of memory/);
});

test("libostree a0ede4d3: a part that inflates beyond what its header declares is refused before it is inflated", () => {
  const bomb = execFileSync("sh", ["-c", "head -c 300000000 /dev/zero | xz -c -0"], { maxBuffer: 1 << 20 });
  return refused(
    { usize: 1000, file: encodePart(0x78, bomb) },
    /expands to 300000000 bytes, for objects of 1000 bytes/,
  );
});

test("a part whose xz index lies about the size is refused", () => {
  const body = execFileSync("xz", ["-c"], { input: Buffer.alloc(100_000) });
  const honest = execFileSync("xz", ["-c"], { input: Buffer.alloc(10) });
  const block = (file: Buffer) => file.readUInt32LE(file.length - 8) * 4 + 4 + 12;
  const lying = Buffer.concat([
    body.subarray(0, body.length - block(body)),
    honest.subarray(honest.length - block(honest)),
  ]);
  return refused({ file: encodePart(0x78, lying) }, /expands to more than|damaged/);
});

test("libostree 12f3af8c: objects of more bytes than the header declares are refused as they are declared", () => {
  const content = Buffer.alloc(2000);
  const operations = [S, 0, 0, 0xd0, 0x0f, 0];
  return refused({ objects: [fileObject(content)], data: content, usize: 1999, operations }, /makes more bytes/);
});

test("an object that is declared huge makes nothing be reserved for it", () => {
  const operations = [o, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f, c];
  return refused({ objects: [fileObject(Buffer.alloc(0))], operations }, /makes more bytes/);
});

test("libostree 84ca25e8: a patch outside of the part's data is refused", async () => {
  const object = fileObject(Buffer.from("1234"));
  const source = [...Buffer.from(object.checksum, "hex")];
  for (const place of [
    [33, 1],
    [0, 0x7f],
    [0xff, 0xff, 0xff, 0xff, 0x0f, 1],
  ]) {
    const operations = [o, 0, 0, 4, B, ...place, c];
    await refused({ objects: [object], data: Uint8Array.from(source), operations }, /opcode bspatch: Invalid offset/);
  }
});

test("libostree 7da79688: every attribute of a dirmeta is looked at, and of a delta's sets too", async () => {
  const value = Buffer.from("v");
  const set = (...names: string[]): Xattr[] => names.map((name) => ({ name, value }));
  const bad: [Xattr[], RegExp][] = [
    [set("user.a", "user.a"), /Duplicate xattr name, index=1/],
    [set("user.a", "user.b", "user.b"), /Duplicate xattr name, index=2/],
    [set("user.b", "user.a"), /Incorrectly sorted xattr name/],
    [set("user.a", "user.c", "user.b"), /Incorrectly sorted xattr name/],
    [set("user.a", ""), /malformed extended attribute name/],
    [set("", "user.a"), /malformed extended attribute name/],
  ];
  for (const [xattrs, message] of bad) {
    const dirmeta = encodeDirMeta({ uid: 0, gid: 0, mode: 0o040755, xattrs });
    assert.throws(() => decodeDirMeta(dirmeta, "dirmeta"), message);
    const objects: DeltaObject[] = [{ type: "dirmeta", checksum: sum(dirmeta) }];
    await refused({ objects, data: dirmeta, operations: [S, dirmeta.length, 0] }, message);
  }
  for (const [xattrs, message] of bad.filter(([, message]) => !String(message).includes("sorted"))) {
    const object = fileObject(Buffer.from("x"), xattrs);
    const operations = [S, 0, 0, 1, 0];
    await refused({ objects: [object], xattrs: [xattrs], data: Buffer.from("x"), operations }, message);
  }
});

test("libostree ac10a27d: a ref whose name is not UTF-8 is refused, not passed on", () => {
  const good = writeGVariant("(a(s(taya{sv}))a{sv})", [[["main", [8n, Buffer.alloc(32), new Map()]]], new Map()]);
  assert.ok(decodeSummary(good).refs.has("main"));
  const bad = Buffer.from(good);
  bad[bad.indexOf("main")] = 0xff;
  assert.throws(() => decodeSummary(bad), /not UTF-8/);
});

test("libostree 8e6e64a5: a dirtree that leads out of its directory is refused", async () => {
  for (const name of ["..", ".", "", "a/../../b", "/etc/passwd", "sub/name"]) {
    const tree = writeGVariant("(a(say)a(sayay))", [[[name, Buffer.alloc(32)]], []]);
    const objects: DeltaObject[] = [{ type: "dirtree", checksum: sum(tree) }];
    await refused({ objects, data: tree, operations: [S, tree.length, 0] }, /Invalid/);
    const inner = writeGVariant("(a(say)a(sayay))", [[], [[name, Buffer.alloc(32), Buffer.alloc(32)]]]);
    const dirs: DeltaObject[] = [{ type: "dirtree", checksum: sum(inner) }];
    await refused({ objects: dirs, data: inner, operations: [S, inner.length, 0] }, /Invalid/);
  }
});

test("instructions that contradict themselves are refused", async () => {
  const file = fileObject(Buffer.from("abc"));
  const objects = [file];
  const data = Buffer.from("abc");
  const cases: [readonly number[], RegExp][] = [
    [[], /0 objects are made, 1 were announced/],
    [[0x51], /Unknown opcode 81/],
    [[S, 0, 0, 3], /Unexpected EOF reading varint/],
    [[S, 0, 0, 4, 0], /Invalid offset\/length 0\/4/],
    [[S, 0, 0, 3, 1], /Invalid offset\/length 1\/3/],
    [[S, 1, 0, 3, 0], /no mode 1 of 1/],
    [[S, 0, 9, 3, 0], /no attributes 9 of 1/],
    [[S, 0, 0, 2, 0], /Corrupted file object/],
    [[S, 0, 0, 3, 0, S, 0, 0, 3, 0], /more than the announced 1 objects/],
    [[w, 3, 0], /no object is open/],
    [[c], /no object is open/],
    [[B, 0, 3], /no object is open/],
    [[o, 0, 0, 3, o, 0, 0, 3], /an object is open already/],
    [[o, 0, 0, 3, w, 3, 0], /end inside of an object/],
    [[o, 0, 0, 3, w, 2, 0, c], /2 bytes of an object of 3 bytes/],
    [[o, 0, 0, 3, w, 3, 0, w, 1, 0, c], /writes more than the object has/],
    [[o, 0, 0, 3, B, 0, 3, c], /there is no read source/],
    [[o, 0, 0, 3, r, 0], /Invalid offset\/length 0\/32/],
    [[S, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0], /is too large/],
  ];
  for (const [operations, message] of cases) await refused({ objects, data, operations }, message);
});

test("modes that no content object has are refused", async () => {
  const objects = [fileObject(Buffer.from("abc"))];
  for (const mode of [0o040755, 0o060644, 0o020644, 0o010644, 0o140644, 0o644, 0o1100644]) {
    const modes = [{ uid: 0, gid: 0, mode }];
    await refused({ objects, modes, data: Buffer.from("abc"), operations: [S, 0, 0, 3, 0] }, /is no content object's/);
  }
  const link = [{ uid: 0, gid: 0, mode: 0o120777 }];
  await refused({ objects, modes: link, data: Buffer.from("a\0c"), operations: [S, 0, 0, 3, 0] }, /target with a NUL/);
  await refused(
    { objects, modes: link, data: Buffer.from("abc"), operations: [o, 0, 0, 3, w, 3, 0, c] },
    /is no content/,
  );
});

test("an object that exists elsewhere on the machine is no read source", () => {
  const objects = [fileObject(Buffer.from("abc"))];
  const data = Buffer.alloc(32, 0xee);
  return refused({ objects, data, operations: [o, 0, 0, 3, r, 0, w, 3, 0, c] }, /which the delta builds on/);
});

test("objects that no delta may bring are refused", async () => {
  for (const type of ["commitmeta", "tombstone-commit"] as const) {
    const objects: DeltaObject[] = [{ type, checksum: sum(meta) }];
    await refused({ objects, data: meta, operations: [S, meta.length, 0] }, /Invalid object type/);
  }
});

test("a commit other than the delta's own is refused: it would be there unsigned, without its tree", async () => {
  const other = encodeCommit({
    metadata: new Map(),
    subject: "Other",
    body: "",
    timestamp: 1n,
    tree: sum(meta),
    meta: sum(meta),
  });
  const objects: DeltaObject[] = [{ type: "commit", checksum: sum(other) }];
  await refused(
    { objects, data: other, operations: [S, (other.length & 0x7f) | 0x80, other.length >> 7, 0] },
    /brings the commit/,
  );
});

test("a part that was changed on its way is refused", async () => {
  const delta = makeDelta({ data: meta, operations: [S, meta.length, 0] });
  writeFileSync(join(delta, "0"), "something else");
  const repo = Repo.init(join(scratch.path, "changed"), "bare-user");
  await assert.rejects(applyDeltaOffline(repo, delta), /Checksum mismatch in static delta part/);
});
