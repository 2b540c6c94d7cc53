// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, ByteWriter } from "../../src/base/index.ts";

test("what a writer wrote, a reader reads, and nothing is left", () => {
  const bytes = new ByteWriter().u8(1).align(4).u32(0xdeadbeef).u64(5n, true).u16(7).put(Buffer.from("abc")).done();
  assert.equal(bytes.toString("hex"), "01000000deadbeef05000000000000000007616263");
  const reader = new ByteReader(bytes, "sample");
  assert.equal(reader.u8(), 1);
  reader.align(4);
  assert.equal(reader.u32(), 0xdeadbeef);
  assert.equal(reader.u64(true), 5n);
  assert.equal(reader.u16(), 7);
  assert.equal(Buffer.from(reader.take(3)).toString(), "abc");
  reader.end();
});

test("reading past the end names the input and the offset", () => {
  const reader = new ByteReader(Buffer.alloc(4), "header");
  reader.u16();
  assert.throws(() => reader.u32(), { code: "base-truncated", message: /header: 4 bytes wanted at offset 2, 2 left/ });
  assert.throws(() => reader.take(-1), { code: "base-truncated" });
  assert.throws(() => reader.end(), { code: "base-trailing-data" });
});

test("a writer grows by whichever call first needs the room", () => {
  const block = Buffer.alloc(300, 1);
  assert.equal(new ByteWriter().put(block).done().length, 300);
  const bytes = new ByteWriter().zeros(256).u8(7).put(block).done();
  assert.equal(bytes[256], 7);
  assert.equal(bytes.subarray(257).equals(block), true);
});
