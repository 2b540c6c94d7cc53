// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bytesSource, makeNode, readXattrs, setXattr } from "../../src/base/index.ts";
import {
  encodeTarHeader,
  readTar,
  tarEnd,
  tarPadding,
  type TarEntry,
  type TarWriteHeader,
} from "../../src/formats/index.ts";

let directory: string;
let tree: string;
const long = `${"directory-with-a-long-name/".repeat(8)}${"file".repeat(40)}`;

before(() => {
  directory = mkdtempSync(join(tmpdir(), "atomic-tar-"));
  tree = join(directory, "tree");
  mkdirSync(join(tree, long, ".."), { recursive: true });
  writeFileSync(join(tree, long), "long");
  writeFileSync(join(tree, "plain"), "content\n", { mode: 0o4755 });
  linkSync(join(tree, "plain"), join(tree, "hard"));
  symlinkSync(`/etc/${"x".repeat(150)}`, join(tree, "soft"));
  writeFileSync(join(tree, "Ümlaut 日本"), "utf-8");
  makeNode(join(tree, "null"), 0o020666, 0x103);
  makeNode(join(tree, "fifo"), 0o010644);
  setXattr(join(tree, "plain"), "user.note", Buffer.from([0, 1, 10, 255]));
  utimesSync(join(tree, "plain"), 1_700_000_000, 1_700_000_000);
});

after(() => rmSync(directory, { recursive: true, force: true }));

function entries(bytes: Buffer): Map<string, TarEntry & { readonly text: string }> {
  const found = new Map<string, TarEntry & { readonly text: string }>();
  for (const entry of readTar(bytesSource(bytes), "sample")) {
    found.set(entry.path, { ...entry, text: entry.content().toString() });
  }
  return found;
}

function tar(...args: string[]): Buffer {
  return execFileSync("tar", args, { maxBuffer: 1 << 28 });
}

for (const format of ["gnu", "pax"]) {
  test(`reads what GNU tar writes in ${format} format`, () => {
    const found = entries(tar("-c", "--sort=name", `--format=${format}`, "-C", tree, "."));
    assert.equal(found.get("")?.type, "directory");
    assert.equal(found.get(long)?.text, "long");
    assert.equal(found.get("Ümlaut 日本")?.text, "utf-8");
    const plain = found.get("plain")?.type === "file" ? found.get("plain")! : found.get("hard")!;
    assert.deepEqual(
      [plain.text, plain.mode, plain.mtime, plain.size, plain.uid],
      ["content\n", 0o4755, 1_700_000_000, 8, lstatSync(join(tree, "plain")).uid],
    );
    const link = found.get("plain")?.type === "hardlink" ? found.get("plain")! : found.get("hard")!;
    assert.deepEqual([link.type, link.target, link.size], ["hardlink", plain.path, 0]);
    assert.deepEqual([found.get("soft")?.type, found.get("soft")?.target], ["symlink", `/etc/${"x".repeat(150)}`]);
    assert.deepEqual([found.get("null")?.type, found.get("null")?.device], ["character", { major: 1, minor: 3 }]);
    assert.equal(found.get("fifo")?.type, "fifo");
  });
}

test("reads the ustar format and its prefix field", () => {
  const path = `${"directory/".repeat(12)}file`;
  mkdirSync(join(tree, path, ".."), { recursive: true });
  writeFileSync(join(tree, path), "deep");
  assert.equal(entries(tar("-c", "--format=ustar", "-C", tree, path)).get(path)?.text, "deep");
});

test("reads extended attributes", () => {
  const found = entries(tar("-c", "--xattrs", "--xattrs-include=*", "-C", tree, "plain"));
  assert.deepEqual(found.get("plain")?.xattrs, [{ name: "user.note", value: Buffer.from([0, 1, 10, 255]) }]);
});

test("content that is not taken is skipped, and pieces come in bounded size", () => {
  const large = Buffer.alloc(3 << 20, "x");
  const bytes = write([
    [{ path: "a", type: "file", mode: 0o644, size: large.length }, large],
    [{ path: "b", type: "file", mode: 0o644, size: 3 }, Buffer.from("end")],
  ]);
  const names: string[] = [];
  for (const entry of readTar(bytesSource(bytes), "sample")) {
    names.push(entry.path);
    if (entry.path === "b") assert.equal(Buffer.concat([...entry.pieces()]).toString(), "end");
    else assert.throws(() => entry.content(1000), { code: "base-too-large" });
  }
  assert.deepEqual(names, ["a", "b"]);
});

function write(items: readonly (readonly [TarWriteHeader, Buffer?])[]): Buffer {
  const pieces = items.flatMap(([header, content]) => [
    encodeTarHeader(header),
    content ?? Buffer.alloc(0),
    Buffer.alloc(tarPadding(content?.length ?? 0)),
  ]);
  return Buffer.concat([...pieces, tarEnd]);
}

test("GNU tar unpacks what is written, and the reader reads it", () => {
  const capability = { name: "user.raw", value: Buffer.from([1, 0, 0, 2, 0xff]) };
  const headers: [TarWriteHeader, Buffer?][] = [
    [{ path: ".", type: "directory", mode: 0o755 }],
    [{ path: "d", type: "directory", mode: 0o1777, mtime: 1_600_000_000 }],
    [
      { path: "d/f", type: "file", mode: 0o640, uid: 3_000_000, gid: 7, size: 2, mtime: 5, xattrs: [capability] },
      Buffer.from("hi"),
    ],
    [{ path: `d/${"n".repeat(180)}`, type: "file", mode: 0o600, size: 0, mtime: -5 }],
    [{ path: "d/link", type: "symlink", mode: 0o777, target: "t".repeat(300) }],
    [{ path: "d/hard", type: "hardlink", mode: 0o640, target: "d/f" }],
    [{ path: "d/zero", type: "character", mode: 0o666, device: { major: 1, minor: 5 } }],
  ];
  const bytes = write(headers);
  const out = join(directory, "out");
  mkdirSync(out);
  execFileSync("tar", ["-x", "-p", "--xattrs", "--xattrs-include=*", "--same-owner", "-C", out], { input: bytes });
  const file = lstatSync(join(out, "d/f"));
  assert.deepEqual([file.mode & 0o7777, file.uid, file.gid, file.mtimeMs, file.nlink], [0o640, 3_000_000, 7, 5000, 2]);
  assert.equal(readFileSync(join(out, "d/f"), "utf8"), "hi");
  assert.deepEqual(readXattrs(join(out, "d/f")), [capability]);
  assert.equal(lstatSync(join(out, `d/${"n".repeat(180)}`)).mtimeMs, -5000);
  assert.equal(lstatSync(join(out, "d/zero")).rdev, 0x105);
  const read = [...entries(bytes).values()];
  assert.deepEqual(
    read.map(({ path, type, target, mode }) => [path || ".", type, target, mode]),
    headers.map(([{ path, type, target, mode }]) => [path, type, target ?? "", mode]),
  );
});

/** A header with a raw path, as an attacker writes it. */
function hostile(change: (block: Buffer) => void, header: Partial<TarWriteHeader> = {}): Buffer {
  const block = encodeTarHeader({ path: "name", type: "file", mode: 0o644, ...header });
  change(block);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return Buffer.concat([block, tarEnd]);
}

test("paths and hard links that climb out are refused", () => {
  for (const path of [
    "../../etc/passwd",
    "usr/../../etc/passwd",
    "usr/..",
    "/../etc",
    "a\0b".replace("\0", "/../.."),
  ]) {
    const bytes = write([[{ path, type: "file", mode: 0o644 }]]);
    assert.throws(() => entries(bytes), { code: "base-unsafe" }, path);
  }
  const link = write([[{ path: "a", type: "hardlink", mode: 0o644, target: "../../etc/shadow" }]]);
  assert.throws(() => entries(link), { code: "base-unsafe" });
  const pax = write([[{ path: `../${"x".repeat(200)}`, type: "file", mode: 0o644 }]]);
  assert.throws(() => entries(pax), { code: "base-unsafe" });
});

test("absolute names are taken relative to the root, as dpkg does", () => {
  assert.deepEqual([...entries(write([[{ path: "/etc/passwd", type: "file", mode: 0o644 }]])).keys()], ["etc/passwd"]);
  const link = entries(write([[{ path: "a", type: "hardlink", mode: 0o644, target: "/etc/shadow" }]]));
  assert.equal(link.get("a")?.target, "etc/shadow");
});

test("an archive may end with the last file's content, but not within it", () => {
  const plain = tar("-cf", "-", "-C", tree, "plain");
  assert.equal(entries(plain.subarray(0, 512 + 8)).get("plain")?.text, "content\n");
  assert.throws(() => entries(plain.subarray(0, 512 + 7)), { code: "base-truncated" });
});

test("damaged and dangerous archives are refused", () => {
  const cases: [string, Buffer, string][] = [
    [
      "wrong check sum",
      Buffer.concat([encodeTarHeader({ path: "x", type: "file", mode: 1 }).fill(0x41, 0, 4)]),
      "formats-tar",
    ],
    ["a size that is no number", hostile((block) => block.write("zzz", 124, "latin1")), "formats-tar"],
    ["a negative size", hostile((block) => block.fill(0xff, 124, 136)), "formats-tar"],
    ["a size of exabytes", hostile((block) => block.fill(0x7f, 125, 136).fill(0x80, 124, 125)), "formats-tar"],
    ["content that is missing", hostile((block) => block.write("00000077777", 124, "latin1")), "base-truncated"],
    ["a GNU sparse file", hostile((block) => block.write("S", 156, "latin1")), "formats-tar"],
    ["an unknown type", hostile((block) => block.write("Z", 156, "latin1")), "formats-tar"],
    [
      "a pax header of a gigabyte",
      hostile((block) => block.write("x", 156, "latin1").toString() && block.write("10000000000", 124, "latin1")),
      "formats-tar",
    ],
    ["cut off in a header", encodeTarHeader({ path: "x", type: "file", mode: 1 }).subarray(0, 300), "base-truncated"],
  ];
  for (const [why, bytes, code] of cases) assert.throws(() => entries(bytes), { code }, why);
  const file = join(directory, "sparse");
  execFileSync("truncate", ["-s", "10M", file]);
  assert.throws(() => entries(tar("-c", "--sparse", "--format=pax", "-C", directory, "sparse")), {
    code: "formats-tar",
  });
});

test("damaged pax records are refused", () => {
  for (const record of ["5 a=b", "99 path=x\n", "x path=x\n", "6 ab\n\n", "0 a=b\n", "-5 a=b\n", "9 path=xx"]) {
    const header = encodeTarHeader({ path: "pax", type: "file", mode: 0o644, size: record.length });
    header.write("x", 156, "latin1");
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    const padded = Buffer.concat([Buffer.from(record), Buffer.alloc(tarPadding(record.length))]);
    const bytes = Buffer.concat([header, padded, write([[{ path: "f", type: "file", mode: 0o644 }]])]);
    assert.throws(() => entries(bytes), { code: "formats-tar" }, record);
  }
});
