// SPDX-License-Identifier: Apache-2.0
/** The codec of deltas against what stock writes: every field is read, and written again to the same bytes. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  decodeSignedDelta,
  decodeSuperblock,
  encodeSignedDelta,
  encodeSuperblock,
  type Fallback,
  type NewSuperblock,
  objectAt,
  objectCount,
  type PartHeader,
} from "../../../src/ostree/delta/format.ts";
import { type Checksum, listDeltas, Repo } from "../../../src/ostree/index.ts";
import { stock, temporary } from "../fixture.ts";
import { makeTwoCommits } from "./fixture.ts";

for (const endianness of ["l", "B"] as const) {
  test(`a superblock of stock, byte order ${endianness}, is read and written to the same bytes`, () => {
    using scratch = temporary();
    const path = join(scratch.path, "repo");
    const { from, to } = makeTwoCommits(path, scratch.path);
    stock("static-delta", "generate", `--repo=${path}`, `--set-endianness=${endianness}`, "test");
    const repo = Repo.open(path);
    const [delta] = listDeltas(repo);
    const bytes = readFileSync(join(delta!.path, "superblock"));
    const superblock = decodeSuperblock(bytes, "superblock");
    assert.equal(superblock.from, from);
    assert.equal(superblock.to, to);
    assert.deepEqual(Buffer.from(superblock.commit), repo.loadMetadata(to, "commit"));
    assert.deepEqual(superblock.byteOrder, { endianness, guessed: false });
    assert.ok(superblock.parts.length > 0);
    for (const [index, part] of superblock.parts.entries()) {
      const file = join(delta!.path, String(index));
      assert.equal(part.size, statSync(file).size);
      assert.equal(part.checksum, hash("sha256", readFileSync(file)));
      for (let at = 0; at < objectCount(part.objects); at++) {
        const { type, checksum } = objectAt(part.objects, at);
        assert.ok(repo.has(checksum, type));
      }
    }
    assert.deepEqual(encodeSuperblock({ ...superblock, endianness }), bytes);
  });
}

test("the byte order of a superblock without the key is guessed from its sizes", () => {
  using scratch = temporary();
  const path = join(scratch.path, "repo");
  makeTwoCommits(path, scratch.path);
  stock("static-delta", "generate", `--repo=${path}`, "test");
  const [delta] = listDeltas(Repo.open(path));
  const superblock = decodeSuperblock(readFileSync(join(delta!.path, "superblock")), "superblock");
  const without = (endianness: "l" | "B") => {
    const bytes = encodeSuperblock({ ...superblock, endianness, metadata: new Map() });
    // The key is made unknown in place: all else stays as it is.
    const at = bytes.indexOf("ostree.endianness");
    bytes.write("x", at);
    return decodeSuperblock(bytes, "superblock");
  };
  assert.deepEqual(without("l").byteOrder, { endianness: undefined, guessed: true });
  assert.deepEqual(without("B").byteOrder, { endianness: "B", guessed: true });
  assert.deepEqual(without("B").parts, superblock.parts);
});

test("a signed delta is told from a plain one, and keeps the superblock's bytes", () => {
  const signatures = new Map([["ostree.sign.dummy", { type: "aay", value: [Buffer.from("key")] }]]);
  const bytes = encodeSignedDelta({ superblock: Buffer.from("superblock"), signatures });
  assert.equal(bytes.toString("latin1", 0, 8), "OSTSGNDT");
  const signed = decodeSignedDelta(bytes, "delta");
  assert.deepEqual(Buffer.from(signed!.superblock), Buffer.from("superblock"));
  assert.deepEqual(signed!.signatures.get("ostree.sign.dummy")?.type, "aay");
  assert.equal(decodeSignedDelta(Buffer.from("anything else"), "delta"), undefined);
});

test("a superblock of very many entries is refused before they are read", () => {
  const one = "1".repeat(64) as Checksum;
  const part: PartHeader = { version: 0, checksum: one, size: 1, usize: 1, objects: new Uint8Array() };
  const fallback: Fallback = { type: "file", checksum: one, size: 1, usize: 1 };
  const make = (more: Partial<NewSuperblock>) =>
    encodeSuperblock({
      metadata: new Map(),
      timestamp: 1n,
      to: one,
      commit: Buffer.alloc(40),
      parts: [part],
      fallbacks: [fallback],
      endianness: "l",
      ...more,
    });
  assert.equal(decodeSuperblock(make({}), "superblock").parts.length, 1);
  const strings = { type: "as", value: Array.from({ length: 4_000_000 }, () => "") };
  for (const more of [
    { parts: Array.from({ length: 70_000 }, () => part) },
    { fallbacks: Array.from({ length: 270_000 }, () => fallback) },
    { metadata: new Map([["key", strings]]) },
  ]) {
    assert.throws(() => decodeSuperblock(make(more), "superblock"), /more than|bytes of metadata/);
  }
});
