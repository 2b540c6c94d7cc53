// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { encodeAr, listAr } from "../../src/formats/index.ts";

let directory: string;
before(() => (directory = mkdtempSync(join(tmpdir(), "atomic-ar-"))));
after(() => rmSync(directory, { recursive: true, force: true }));

function list(bytes: Buffer): string[] {
  const read = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return listAr(read, bytes.length, "sample").map(
    ({ name, offset, size }) => `${name}=${bytes.toString("latin1", offset, offset + size)}`,
  );
}

const members = [
  { name: "debian-binary", bytes: Buffer.from("2.0\n") },
  { name: "control.tar.xz", bytes: Buffer.from("odd") },
  { name: "data.tar", bytes: Buffer.from("even") },
];

test("reads what ar made, and ar reads what is written", () => {
  for (const { name, bytes } of members) writeFileSync(join(directory, name), bytes);
  const ar = (...args: string[]) => spawnSync("ar", args, { cwd: directory, encoding: "utf8" });
  ar("rcD", "made.a", ...members.map(({ name }) => name));
  const expected = ["debian-binary=2.0\n", "control.tar.xz=odd", "data.tar=even"];
  assert.deepEqual(list(readFileSync(join(directory, "made.a"))), expected);
  writeFileSync(join(directory, "ours.a"), encodeAr(members));
  assert.equal(ar("t", "ours.a").stdout, "debian-binary\ncontrol.tar.xz\ndata.tar\n");
  assert.equal(ar("p", "ours.a", "control.tar.xz").stdout, "odd");
  assert.deepEqual(list(encodeAr(members)), expected);
});

test("headers that lie are refused", () => {
  const good = encodeAr(members);
  const withSize = (text: string) => {
    const bytes = Buffer.from(good);
    bytes.write(text.padEnd(10), 8 + 48, "latin1");
    return bytes;
  };
  const refused: [string, Buffer][] = [
    ["no archive", Buffer.from("!<arc>\n\n")],
    ["empty", Buffer.alloc(0)],
    ["size beyond the end", withSize("99999999")],
    ["negative size", withSize("-4")],
    ["size that is no number", withSize("0x10")],
    ["no size", withSize("")],
    ["cut off in a header", good.subarray(0, 30)],
    ["cut off in a member", good.subarray(0, good.length - 2)],
    ["too many members", Buffer.concat([good, ...Array.from({ length: 70 }, () => encodeAr(members).subarray(8))])],
  ];
  for (const [why, bytes] of refused) assert.throws(() => list(bytes), { code: "formats-ar" }, why);
});
