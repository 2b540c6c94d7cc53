// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { deflatePiece, deflateWhole, inflateSmall, inflateWhole } from "../../src/base/index.ts";

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

test("what is deflated, whole or in pieces, node:zlib inflates", () => {
  for (const size of [0, 1, 63, 5000, 65_536, 1 << 20, (16 << 20) + 1]) {
    for (const content of [Buffer.alloc(size, "text "), randomBytes(size)]) {
      for (const level of [1, 6, 9]) assert.ok(inflateRawSync(deflateWhole(content, level)).equals(content));
      const half = size >> 1;
      const pieces: Buffer[] = [Buffer.from(deflatePiece(content.subarray(0, half), 6, false))];
      pieces.push(deflatePiece(content.subarray(half), 6, true));
      assert.ok(inflateRawSync(Buffer.concat(pieces)).equals(content));
    }
  }
});

test("content of a false size is refused, and an absurd size is not allocated", () => {
  const compressed = deflateRawSync(Buffer.alloc(1000, "content "));
  assert.equal(inflateWhole(compressed, 999), undefined);
  assert.equal(inflateWhole(compressed, 2 ** 40), undefined);
});

test("both ways work where libdeflate is not there", () => {
  if (process.env["ATOMIC_LIBDEFLATE"] === "no") return;
  const env = { ...process.env, ATOMIC_LIBDEFLATE: "no", NODE_TEST_CONTEXT: "" };
  const again = spawnSync(process.execPath, ["--test", import.meta.filename], { env, encoding: "utf8" });
  assert.equal(again.status, 0, again.stdout);
});
