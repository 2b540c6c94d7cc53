// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { FsVerityHasher, fsVerityDigest } from "../../src/formats/index.ts";

/** `composefs-info measure-file` of files of so many `x`: around the borders of blocks and of levels of the tree. */
const measured: readonly (readonly [number, string])[] = [
  [1, "dbbdfa9d606f7adeaa7f16dcfb0d49161c4cfb82d9d51cfb5cb43fa3dacb9e5b"],
  [4096, "3f128b8d5a052638172857f47f0110dc2fc2c234dc0c712c08a3bc6f6c540483"],
  [4097, "f54d7eca1ac49ae471f4abedb0d9309f0b84a51ec5c1733e3abb2aaf9f66c4ad"],
  [524288, "fcaf1ae16ac8b4ca5217ed37818cca018924841f0083e50267b7dc82bdf3adaa"],
  [524289, "7321b423e2b765c00796ae1e5b0be1dbba66e2e76f0e06e0d6ea4f14142d8783"],
  [70000000, "c8dc9dbf421f2ee50a1972e8dcdfde36588f23c75340e243237d67851e7e5e2e"],
];

test("digests are those that composefs-info measures", () => {
  for (const [size, expected] of measured) {
    assert.equal(fsVerityDigest(Buffer.alloc(size, "x")).toString("hex"), expected, String(size));
  }
});

test("an empty file has the digest that the kernel gives it", () => {
  // fsverity digest /dev/null
  const expected = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95";
  assert.equal(fsVerityDigest(Buffer.alloc(0)).toString("hex"), expected);
});

test("the size of the pieces makes no difference", () => {
  const content = Buffer.from(Array.from({ length: 30_000 }, (_, index) => (index * 31) % 251));
  const whole = fsVerityDigest(content).toString("hex");
  for (const piece of [1, 7, 4095, 4096, 4097, 8192, 12_289]) {
    const hasher = new FsVerityHasher();
    for (let at = 0; at < content.length; at += piece) hasher.update(content.subarray(at, at + piece));
    assert.equal(hasher.digest().toString("hex"), whole, String(piece));
  }
});
