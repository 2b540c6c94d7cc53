// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ChecksumSet } from "../../src/ostree/checksum-set.ts";

const checksums = (count: number, salt: string) =>
  Array.from({ length: count }, (_, index) => createHash("sha256").update(`${salt} ${index}`).digest());

test("a set holds what was added, once and in order, over many growths", () => {
  const set = new ChecksumSet();
  const added = checksums(40_000, "in");
  for (const bytes of [...added, ...added]) set.add(Buffer.concat([Buffer.from("xyz"), bytes]), 3);
  assert.equal(set.size, added.length);
  assert.ok(set.bytes().equals(Buffer.concat(added)));
  assert.ok(added.every((bytes) => set.has(bytes, 0)));
  assert.ok(!checksums(10_000, "out").some((bytes) => set.has(bytes, 0)));
});

test("checksums that differ in one byte are different, also those of nothing but zeros", () => {
  const set = new ChecksumSet();
  const zeros = Buffer.alloc(32);
  assert.ok(!set.has(zeros, 0));
  set.add(zeros, 0);
  assert.ok(set.has(zeros, 0));
  for (let at = 0; at < 32; at++) {
    const other = Buffer.from(zeros);
    other[at] = 1;
    assert.ok(!set.has(other, 0));
    set.add(other, 0);
  }
  assert.equal(set.size, 33);
});
