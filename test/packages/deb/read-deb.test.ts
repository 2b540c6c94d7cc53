// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { encodeAr, encodeTarHeader, tarEnd, type TarWriteHeader } from "../../../src/formats/index.ts";
import { readDeb } from "../../../src/packages/index.ts";
import { buildDeb, temporaryDirectory } from "../fixture.ts";

let directory: string;
before(() => (directory = temporaryDirectory()));
after(() => rmSync(directory, { recursive: true, force: true }));

const recipe = {
  name: "sample",
  version: "1:2.0-1",
  fields: { Depends: "a | b, c (>= 1)", Description: "short\n long\n .\n more" },
  files: {
    "usr/bin/sample": "#!/bin/sh\n",
    "usr/share/doc/sample/large": "x".repeat(500_000),
    "etc/sample.conf": "a\n",
  },
  scripts: { postinst: "#!/bin/sh\nexit 0\n", conffiles: "/etc/sample.conf\n" },
};

for (const compression of ["none", "gzip", "xz", "zstd"]) {
  test(`reads what dpkg-deb packs with ${compression}`, () => {
    const path = buildDeb(recipe, join(directory, compression), compression);
    using deb = readDeb(path);
    for (const field of ["Package", "Version", "Depends", "Description"]) {
      const theirs = execFileSync("dpkg-deb", ["-f", path, field]).toString().trim();
      assert.equal(deb.control.get(field), theirs);
    }
    assert.deepEqual([...deb.controlFiles.keys()].sort(), ["conffiles", "control", "postinst"]);
    assert.equal(deb.controlFiles.get("postinst")?.mode, 0o755);
    assert.equal(deb.controlFiles.get("postinst")?.bytes.toString(), recipe.scripts.postinst);
    const theirs = execFileSync("sh", ["-c", 'dpkg-deb --fsys-tarfile "$0" | tar -t', path])
      .toString()
      .trim()
      .split("\n");
    const entries = [...deb.files()].map(
      ({ path: name, type }) => `./${name}${type === "directory" && name !== "" ? "/" : ""}`,
    );
    assert.deepEqual(entries, theirs);
    const hash = createHash("sha256");
    for (const entry of deb.files()) {
      if (entry.path.endsWith("large")) for (const piece of entry.pieces()) hash.update(piece);
    }
    assert.equal(hash.digest("hex"), createHash("sha256").update("x".repeat(500_000)).digest("hex"));
  });
}

const control = Buffer.from("Package: evil\nVersion: 1\nArchitecture: all\n");

function tar(items: readonly (readonly [TarWriteHeader, Buffer?])[]): Buffer {
  return Buffer.concat([
    ...items.flatMap(([header, content = Buffer.alloc(0)]) => [
      encodeTarHeader({ ...header, size: content.length }),
      content,
      Buffer.alloc((512 - (content.length % 512)) % 512),
    ]),
    tarEnd,
  ]);
}

const controlTar = tar([[{ path: "control", type: "file", mode: 0o644 }, control]]);

function write(members: readonly { name: string; bytes: Uint8Array }[]): string {
  const path = join(directory, "hostile.deb");
  writeFileSync(path, encodeAr(members));
  return path;
}

function deb(data: Uint8Array, dataName = "data.tar", inner: Uint8Array = controlTar): string {
  return write([
    { name: "debian-binary", bytes: Buffer.from("2.0\n") },
    { name: "control.tar", bytes: inner },
    { name: dataName, bytes: data },
  ]);
}

function readAll(path: string): void {
  using opened = readDeb(path);
  for (const entry of opened.files()) for (const piece of entry.pieces()) void piece;
}

test("a well-made package without compression is read", () => {
  readAll(deb(tar([[{ path: "usr", type: "directory", mode: 0o755 }]])));
});

test("paths that climb out are refused", () => {
  const file = { type: "file", mode: 0o644 } as const;
  assert.throws(() => readAll(deb(tar([[{ path: "../../etc/passwd", ...file }]]))), { code: "base-unsafe" });
  const link: TarWriteHeader = { path: "a", type: "hardlink", mode: 0o644, target: "../../../etc/shadow" };
  assert.throws(() => readAll(deb(tar([[link]]))), { code: "base-unsafe" });
  const inner = tar([
    [{ path: "control", ...file }, control],
    [{ path: "../postinst", ...file }, control],
  ]);
  assert.throws(() => readAll(deb(tarEnd, "data.tar", inner)), { code: "base-unsafe" });
});

test("a control archive with anything but files is refused", () => {
  const file = [{ path: "control", type: "file", mode: 0o644 }, control] as const;
  const symlink = [{ path: "postinst", type: "symlink", mode: 0o777, target: "/bin/sh" }] as const;
  assert.throws(() => readAll(deb(tarEnd, "data.tar", tar([file, symlink]))), { code: "packages-deb" });
  const nested = [{ path: "sub/postinst", type: "file", mode: 0o755 }, control] as const;
  assert.throws(() => readAll(deb(tarEnd, "data.tar", tar([file, nested]))), { code: "packages-deb" });
});

test("files that are no packages are refused, each with the reason", () => {
  const binary = { name: "debian-binary", bytes: Buffer.from("2.0\n") };
  const inner = { name: "control.tar", bytes: controlTar };
  const data = { name: "data.tar", bytes: tarEnd };
  const cases: [string, () => string, string][] = [
    ["no ar", () => (writeFileSync(join(directory, "x.deb"), "garbage"), join(directory, "x.deb")), "formats-ar"],
    ["members missing", () => write([binary, inner]), "packages-deb"],
    ["members in another order", () => write([binary, data, inner]), "packages-deb"],
    ["another format", () => write([{ ...binary, bytes: Buffer.from("3.0\n") }, inner, data]), "packages-deb"],
    ["unknown compression", () => deb(tarEnd, "data.tar.lz9"), "packages-deb"],
    ["no control file", () => deb(tarEnd, "data.tar", tarEnd), "packages-deb"],
    ["garbage in xz", () => deb(Buffer.from("no xz at all"), "data.tar.xz"), "base-damaged"],
  ];
  for (const [why, make, code] of cases) assert.throws(() => readAll(make()), { code }, why);
  for (const text of ["Package: x\nVersion: 1\n", "Package: x\nPackage: y\nVersion: 1\nArchitecture: all\n", ""]) {
    const bad = tar([[{ path: "control", type: "file", mode: 0o644 }, Buffer.from(text)]]);
    assert.throws(() => readAll(deb(tarEnd, "data.tar", bad)), /packages-deb|format|control/, text);
  }
});

test("a package that is cut off anywhere is refused", () => {
  const whole = readFileSync(buildDeb(recipe, join(directory, "cut"), "xz"));
  const path = join(directory, "cut.deb");
  for (const length of [0, 7, 40, 70, 200, whole.length >> 1, whole.length - 20, whole.length - 4]) {
    writeFileSync(path, whole.subarray(0, length));
    assert.throws(() => readAll(path), { name: "AtomicError" }, `${length} of ${whole.length}`);
  }
});

test("a control archive that expands without end stops at the limit", () => {
  const bomb = tar([[{ path: "control", type: "file", mode: 0o644 }, Buffer.alloc(64 << 20, "A")]]);
  const packed = execFileSync("xz", ["-c"], { input: bomb, maxBuffer: 1 << 28 });
  const path = write([
    { name: "debian-binary", bytes: Buffer.from("2.0\n") },
    { name: "control.tar.xz", bytes: packed },
    { name: "data.tar", bytes: tarEnd },
  ]);
  assert.throws(() => readAll(path), { code: "base-too-large" });
});
