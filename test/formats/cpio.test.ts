// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesSource } from "../../src/base/index.ts";
import { readArchive, readCpio } from "../../src/formats/index.ts";

interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly data?: string;
  readonly inode?: number;
  readonly links?: number;
}

/** The "new ASCII" format of cpio(5). */
function newc(entries: readonly Entry[]): Buffer {
  const parts = [...entries, { name: "TRAILER!!!", mode: 0 }].map(
    ({ name, mode, data = "", inode = 1, links = 1 }: Entry) => {
      const fields = [
        inode,
        mode,
        7,
        8,
        links,
        100,
        Buffer.byteLength(data),
        0,
        1,
        3,
        4,
        Buffer.byteLength(name) + 1,
        0,
      ];
      const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
      const pad = (text: string) => text + "\0".repeat((4 - (Buffer.byteLength(text) % 4)) % 4);
      return pad(head) + pad(data);
    },
  );
  return Buffer.from(parts.join(""));
}

function odc(entries: readonly Entry[]): Buffer {
  const parts = [...entries, { name: "TRAILER!!!", mode: 0 }].map(
    ({ name, mode, data = "", inode = 1, links = 1 }: Entry) => {
      const octal = (value: number, width: number) => value.toString(8).padStart(width, "0");
      const first = [0, inode, mode, 7, 8, links, 0].map((value) => octal(value, 6)).join("");
      return `070707${first}${octal(100, 11)}${octal(name.length + 1, 6)}${octal(data.length, 11)}${name}\0${data}`;
    },
  );
  return Buffer.from(parts.join(""));
}

const entries: readonly Entry[] = [
  { name: ".", mode: 0o040755 },
  { name: "./a", mode: 0o100644, inode: 9, links: 2 },
  { name: "b", mode: 0o100644, inode: 9, links: 2, data: "content" },
  { name: "link", mode: 0o120777, data: "b" },
  { name: "exe", mode: 0o104755, data: "x".repeat(10_001) },
];

function read(bytes: Buffer): unknown[] {
  const found: unknown[] = [];
  for (const { path, type, mode, uid, size, target, content } of readArchive(bytesSource(bytes), "sample")) {
    found.push([path, type, mode, uid, size, target, content().toString().slice(0, 7)]);
  }
  return found;
}

for (const [name, encode] of Object.entries({ newc, odc })) {
  test(`${name}: entries, links by inode, content that comes with the last link`, () => {
    assert.deepEqual(read(encode(entries)), [
      ["", "directory", 0o755, 7, 0, "", ""],
      ["a", "file", 0o644, 7, 0, "", ""],
      ["b", "hardlink", 0o644, 7, 7, "a", "content"],
      ["link", "symlink", 0o777, 7, 0, "b", ""],
      ["exe", "file", 0o4755, 7, 10_001, "", "xxxxxxx"],
    ]);
  });

  test(`${name}: truncated and hostile archives are refused`, () => {
    const whole = encode(entries);
    const trailer = whole.indexOf("TRAILER");
    for (let length = 1; length < trailer; length += 7) {
      assert.throws(() => [...readCpio(bytesSource(whole.subarray(0, length)), "sample")], { name: "AtomicError" });
    }
    assert.throws(() => read(encode([{ name: "../x", mode: 0o100644 }])), { code: "base-unsafe" });
    assert.throws(() => read(encode([{ name: "x".repeat(5000), mode: 0o100644 }])), { code: "formats-cpio" });
    assert.throws(() => read(encode([{ name: "x", mode: 0o120777, data: "t".repeat(5000) }])), {
      code: "formats-cpio",
    });
    assert.throws(() => read(encode([{ name: "x", mode: 0o777 }])), { code: "formats-cpio" });
  });
}
