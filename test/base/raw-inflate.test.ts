// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { inflateSmall } from "../../src/base/index.ts";

test("inflates what node:zlib deflated, of every size and kind", () => {
  for (const size of [0, 1, 2, 63, 64, 65, 1000, 65_535, 65_536, 1 << 20, 4 << 20]) {
    for (const content of [Buffer.alloc(size, "text "), randomBytes(size)]) {
      const compressed = deflateRawSync(content);
      if (compressed.length <= 4 << 20) assert.ok(inflateSmall(compressed, size)?.equals(content), `${size} bytes`);
    }
  }
});

test("damage, another size and what is too large are left to node:zlib", () => {
  const content = Buffer.alloc(1000, "content ");
  const compressed = deflateRawSync(content);
  assert.equal(inflateSmall(compressed, 999), undefined);
  assert.equal(inflateSmall(compressed, 1001), undefined);
  assert.equal(inflateSmall(compressed.subarray(0, -1), 1000), undefined);
  assert.equal(inflateSmall(Buffer.alloc(100, 0xff), 1000), undefined);
  assert.equal(inflateSmall(Buffer.alloc(0), 0), undefined);
  assert.equal(inflateSmall(compressed, (4 << 20) + 1), undefined);
  // The state survives all of that.
  assert.ok(inflateSmall(compressed, 1000)?.equals(content));
});
