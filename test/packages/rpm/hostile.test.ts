// SPDX-License-Identifier: Apache-2.0
/** Packages that nobody's rpmbuild makes: built here byte by byte. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readRpm } from "../../../src/packages/index.ts";
import { temporaryDirectory } from "../fixture.ts";
import { cpio, type Entry, forge, header, int16, int32, int64, magic, package_, text, texts } from "./forge.ts";

let directory: string;
before(() => (directory = temporaryDirectory()));
after(() => rmSync(directory, { recursive: true, force: true }));

async function read(bytes: Buffer): Promise<string[]> {
  const path = join(directory, "forged.rpm");
  writeFileSync(path, bytes);
  using rpm = await readRpm(path, { allowUnsigned: true });
  return [...rpm.files()].map((entry) => `${entry.type} ${entry.path}`);
}

const refused = (bytes: Buffer, code: string | RegExp, why: string) => assert.rejects(read(bytes), { code }, why);

const file = { path: "/usr/a", mode: 0o100644, content: "a\n" };

test("a well-made package is read", async () => {
  assert.deepEqual(await read(forge([file])), ["file usr/a"]);
  assert.deepEqual(await read(forge([file], { stripped: true })), ["file usr/a"]);
  assert.deepEqual(await read(forge([{ path: "/", mode: 0o040755, content: "" }, file])), ["directory ", "file usr/a"]);
});

test("a header that claims 2 GiB, or more tags than may be, is refused before memory is taken for it", async () => {
  const sizes = (tags: number, data: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(tags, 0);
    bytes.writeUInt32BE(data, 4);
    return bytes;
  };
  const lead = forge([file]).subarray(0, 96);
  const before = process.memoryUsage().rss;
  for (const claim of [
    sizes(1, 0x7fff_ffff),
    sizes(0xffff_ffff, 16),
    sizes(1, 0x0fff_0000),
    sizes(33, 100),
    sizes(0, 0),
  ]) {
    await refused(Buffer.concat([lead, magic, claim, Buffer.alloc(64)]), "packages-rpm", claim.toString("hex"));
    const main = Buffer.concat([
      forge([file]).subarray(0, 96),
      magic,
      header([]).signature,
      magic,
      claim,
      Buffer.alloc(64),
    ]);
    await refused(main, "packages-rpm", `main header ${claim.toString("hex")}`);
  }
  assert.ok(process.memoryUsage().rss - before < 64 << 20);
});

test("entries of a header that lie are refused", async () => {
  const name = text(1000, "x");
  const cases: [string, Entry][] = [
    ["data outside", { ...name, offset: 0x7fff_0000 }],
    ["data over other data", { ...name, offset: 0 }],
    ["count beyond the data", { ...int32(1003, [1]), count: 0x4000_0000 }],
    ["a million and more of one array", { ...texts(1117, ["a"]), count: 0x0010_0000 }],
    ["no elements", { ...int32(1003, [1]), count: 0 }],
    ["an unknown type", { ...name, type: 10 }],
    ["a number that is a text", text(1003, "1")],
    ["a text without its end", { ...texts(1118, ["/usr/"]), count: 2 }],
    ["one text of two", { ...name, count: 2 }],
    ["a tag of the private range", { ...name, tag: 61 }],
    ["a tag twice", text(1001, "2")],
  ];
  for (const [why, entry] of cases)
    await refused(package_([...forge.entries([file]), entry], cpio([file])), "packages-rpm", why);
});

test("tables of files that do not fit together are refused", async () => {
  const without = (tag: number) => forge.entries([file]).filter((entry) => entry.tag !== tag);
  const cases: [string, Entry[]][] = [
    ["a directory index beyond the directories", [...without(1116), int32(1116, [1])]],
    ["two modes for one file", [...without(1030), int16(1030, [0o100644, 0o100644])]],
    ["no owners", without(1039)],
    ["no modes", without(1030)],
    ["a size beyond 2^53", [...without(1028), int64(5008, [2n ** 60n])]],
    ["an unknown digest algorithm", [...without(5011), int32(5011, [99])]],
    [
      "a trigger without its script",
      [...without(0), texts(1066, ["a"]), texts(1067, [""]), int32(1068, [1 << 16]), int32(1069, [7])],
    ],
  ];
  for (const [why, entries] of cases) await refused(package_(entries, cpio([file])), "packages-rpm", why);
});

test("names of one file come in any order, the one with the content first; without the content they are refused", async () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => ({ path: `/usr/${name}`, mode: 0o100644, content: "same" }));
  const set = [...forge.entries([a!, b!, c!]), int32(1095, [1, 1, 1]), int32(1096, [7, 7, 7])];
  const empty = (one: typeof file) => ({ ...one, content: "" });
  const told = ["file usr/c", "hardlink usr/a", "hardlink usr/b"];
  assert.deepEqual(await read(package_(set, cpio([empty(a!), empty(b!), c!]))), told);
  assert.deepEqual(await read(package_(set, cpio([c!, empty(a!), empty(b!)]))), told);
  await refused(package_(set, cpio([empty(a!), empty(b!)])), "packages-rpm", "without its content");
  await refused(package_(set, cpio([a!, empty(b!), empty(c!)])), "packages-rpm", "content with another name");
});

test("paths and symlinks that climb out are refused", async () => {
  const link = { path: "/usr/link", mode: 0o120777, content: "/etc" };
  await refused(forge([{ ...file, path: "/usr/../../etc/passwd" }]), "base-unsafe", "in the header");
  await refused(
    package_(forge.entries([file]), cpio([{ ...file, path: "../../etc/passwd" }])),
    "base-unsafe",
    "in the payload",
  );
  await refused(forge([link, { ...file, path: "/usr/link/passwd" }]), "base-unsafe", "through a symlink");
  assert.deepEqual(await read(forge([{ ...link, content: "../../../etc" }])), ["symlink usr/link"]);
});

test("a payload that is not what the header says is refused", async () => {
  const other = { ...file, path: "/usr/b" };
  const make = (inside: readonly (typeof file)[]) => package_(forge.entries([file]), cpio(inside));
  await refused(make([]), "packages-rpm", "a missing file");
  await refused(make([file, other]), "packages-rpm", "a file more");
  await refused(make([file, file]), "packages-rpm", "a file twice");
  await refused(make([{ ...file, content: "longer" }]), "packages-rpm", "another size");
  await refused(make([{ ...file, mode: 0o040755, content: "" }]), "packages-rpm", "another type");
  const link = { path: "/usr/l", mode: 0o120777, content: "aa" };
  await refused(package_(forge.entries([link]), cpio([{ ...link, content: "bb" }])), "packages-rpm", "another target");
  await refused(forge([file, { ...file }]), "packages-rpm", "the same path twice");
  await refused(
    package_(forge.entries([file]), cpio([file], { index: 7 })),
    "packages-rpm",
    "an index beyond the table",
  );
});
