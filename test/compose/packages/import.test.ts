// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readImported } from "../../../src/compose/packages/cache.ts";
import { packageRef } from "../../../src/compose/packages/escape.ts";
import { importBatch } from "../../../src/compose/packages/import-batch.ts";
import { lookup, readText } from "../../../src/compose/tree.ts";
import { encodeAr, encodeTarHeader, tarPadding, type TarWriteHeader } from "../../../src/formats/index.ts";
import { type Checksum, Repo } from "../../../src/ostree/index.ts";
import { makeDeb } from "../archive.ts";

let scratch: string;
let repo: Repo;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "import-"));
  repo = Repo.init(join(scratch, "repo"), "bare");
});
after(() => rmSync(scratch, { recursive: true }));

const sha256 = "0".repeat(64);

async function importOne(deb: { readonly path: string; readonly sha256: string }): Promise<Checksum> {
  const [commit] = await importBatch([{ format: "deb", ...deb }], repo);
  return commit!;
}

test("a package becomes a commit with its control files and its files, owners and modes kept", async () => {
  const large = Buffer.alloc(300_000, "large ");
  const path = makeDeb(scratch, {
    name: "lib+odd",
    version: "1:2.0~rc1",
    files: {
      "/usr/bin/tool": { content: "tool", mode: 0o4750, uid: 0, gid: 42 },
      "/usr/share/large": { content: large, uid: 7 },
      "/usr/share/link": { link: "../bin/tool" },
      "/var/lib/odd": { directory: 0o2775 },
    },
    control: { postinst: "#!/bin/sh\n" },
  });
  const commit = await importOne({ path, sha256 });
  repo.setRef("imported", commit);
  execFileSync("ostree", ["fsck", "-q", `--repo=${repo.path}`]);
  const { control, data } = readImported(repo, commit);
  assert.match(readText(control, "control") ?? "", /^Package: lib\+odd$/m);
  assert.equal(readText(control, "postinst"), "#!/bin/sh\n");
  const tool = lookup(data, "usr/bin/tool");
  assert.ok(tool?.kind === "file");
  assert.deepEqual([tool.header.mode, tool.header.uid, tool.header.gid], [0o104750, 0, 42]);
  const file = lookup(data, "usr/share/large");
  assert.ok(file?.kind === "file" && file.header.uid === 7);
  assert.equal(readText(data, "usr/share/large"), large.toString());
  const directory = lookup(data, "var/lib/odd");
  assert.ok(directory?.kind === "dir" && directory.meta.mode === 0o042775);
});

test("kernel modules are stored plain, and md5sums says so", async () => {
  const plain = Buffer.from("module ".repeat(10_000));
  const packed = execFileSync("xz", ["-c"], { input: plain });
  const names = ["6.1/kernel/a.ko.xz", "6.1/kernel/b.ko.gz", "6.1/kernel/c.ko.zst"].map(
    (name) => `usr/lib/modules/${name}`,
  );
  const programs = ["xz", "gzip", "zstd"];
  const files = names.map((name, index) => [
    `/${name}`,
    { content: execFileSync(programs[index] ?? "", ["-c"], { input: plain }) },
  ]);
  const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest("hex");
  const path = makeDeb(scratch, {
    name: "linux-image",
    files: Object.fromEntries(files),
    control: { md5sums: `${md5(packed)}  ${names[0]}\n${md5(packed)}  usr/share/other\n` },
  });
  const { control, data } = readImported(repo, await importOne({ path, sha256 }));
  for (const name of ["a", "b", "c"])
    assert.equal(readText(data, `usr/lib/modules/6.1/kernel/${name}.ko`), plain.toString());
  assert.equal(lookup(data, names[0] ?? ""), undefined);
  assert.equal(
    readText(control, "md5sums"),
    `${md5(plain)}  usr/lib/modules/6.1/kernel/a.ko\n${md5(packed)}  usr/share/other\n`,
  );
});

type Entry = Omit<TarWriteHeader, "mode"> & { readonly content?: string };

function tar(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ content = "", ...header }) => {
    const bytes = Buffer.from(content);
    const head = encodeTarHeader({ mode: header.type === "directory" ? 0o755 : 0o644, size: bytes.length, ...header });
    return [head, bytes, Buffer.alloc(tarPadding(bytes.length))];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function rawDeb(name: string, data: readonly Entry[]): string {
  const control = `Package: ${name}\nVersion: 1\nArchitecture: amd64\n`;
  const bytes = encodeAr([
    { name: "debian-binary", bytes: Buffer.from("2.0\n") },
    { name: "control.tar", bytes: tar([{ path: "control", type: "file", content: control }]) },
    { name: "data.tar", bytes: tar(data) },
  ]);
  const path = join(scratch, `${name}.deb`);
  writeFileSync(path, bytes);
  return path;
}

const hostile: [name: string, code: string, message: RegExp, data: Entry[]][] = [
  ["climbs", "base-unsafe", /leads outside/, [{ path: "../../etc/passwd", type: "file", content: "x" }]],
  ["climbs-inside", "base-unsafe", /leads outside/, [{ path: "usr/../../x", type: "file", content: "x" }]],
  [
    "device",
    "compose-bad-package",
    /\/dev\/sda is a block/,
    [{ path: "dev/sda", type: "block", device: { major: 8, minor: 0 } }],
  ],
  [
    "through-link",
    "compose-bad-package",
    /\/out\/passwd lies below \/out/,
    [
      { path: "out", type: "symlink", target: "/etc" },
      { path: "out/passwd", type: "file", content: "x" },
    ],
  ],
  [
    "hardlink",
    "compose-bad-package",
    /no file of the package/,
    [{ path: "shadow", type: "hardlink", target: "etc/shadow" }],
  ],
  [
    "two-kinds",
    "compose-bad-package",
    /a file and a directory/,
    [
      { path: "x", type: "file", content: "x" },
      { path: "x", type: "directory" },
    ],
  ],
];

for (const [name, code, message, data] of hostile) {
  test(`refused: a package that ${name}`, async () => {
    const count = [...repo.objects()].length;
    await assert.rejects(importOne({ path: rawDeb(name, data), sha256 }), { code, message });
    assert.equal([...repo.objects()].length, count);
  });
}

test("refs of packages keep what a ref may hold and escape the rest", () => {
  assert.equal(
    packageRef({ name: "g++", version: "4:12.2.0-3", architecture: "amd64" }),
    "atomic/deb/g_2B_2B/4_3A12.2.0-3_amd64",
  );
});
