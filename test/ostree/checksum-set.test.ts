// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ChecksumSet } from "../../src/ostree/checksum-set.ts";
import type { Checksum } from "../../src/ostree/index.ts";

const checksums = (count: number, salt: string) =>
  Array.from({ length: count }, (_, index) => createHash("sha256").update(`${salt} ${index}`).digest());

test("a set holds what was added, once and in order, over many growths", () => {
  const set = new ChecksumSet();
  const added = checksums(40_000, "in");
  for (const bytes of [...added, ...added]) set.addBytes(Buffer.concat([Buffer.from("xyz"), bytes]), 3);
  assert.equal(set.size, added.length);
  assert.ok(set.bytes().equals(Buffer.concat(added)));
  assert.ok(added.every((bytes) => set.hasBytes(bytes, 0)));
  assert.ok(!checksums(10_000, "out").some((bytes) => set.hasBytes(bytes, 0)));
});

test("checksums that differ in one byte are different, also those of nothing but zeros", () => {
  const set = new ChecksumSet();
  const zeros = Buffer.alloc(32);
  assert.ok(!set.hasBytes(zeros, 0));
  set.addBytes(zeros, 0);
  assert.ok(set.hasBytes(zeros, 0));
  for (let at = 0; at < 32; at++) {
    const other = Buffer.from(zeros);
    other[at] = 1;
    assert.ok(!set.hasBytes(other, 0));
    set.addBytes(other, 0);
  }
  assert.equal(set.size, 33);
});

test("checksums as text are those as bytes; they come back in order, and without those of another set", () => {
  const set = new ChecksumSet();
  const other = new ChecksumSet();
  const texts = checksums(20_000, "text").map((bytes) => bytes.toString("hex") as Checksum);
  for (const text of texts) assert.ok(set.add(text));
  assert.ok(!set.add(texts[7]!) && !set.addBytes(Buffer.from(texts[9]!, "hex"), 0));
  assert.deepEqual([...set], texts);
  assert.equal(set.at(19_999), texts.at(-1));
  for (const text of texts) if (text.startsWith("0")) other.add(text);
  assert.deepEqual(
    [...set.without(other)],
    texts.filter((text) => !text.startsWith("0")),
  );
  assert.ok(texts.every((text) => other.has(text) === text.startsWith("0")));
});
