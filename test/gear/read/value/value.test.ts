// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration, parseSize } from "../../../../src/gear/read/value/index.ts";

test("sizes are powers of 1024", () => {
  const sizes = {
    "512M": 2 ** 29,
    "1g": 2 ** 30,
    "1.5G": 1.5 * 2 ** 30,
    "64MiB": 2 ** 26,
    "10kb": 10_240,
    "7": 7,
    "7b": 7,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseSize(text), bytes, text);
  for (const text of ["", "M", "-1M", "1e3", "1 M", "1X", "0x10", "99999999T", "1,5G", "NaN", "1M\n"]) {
    assert.equal(parseSize(text), undefined, text);
  }
});

test("times have units", () => {
  const times = {
    "10s": 10_000,
    "1m30s": 90_000,
    "500ms": 500,
    "1.5h": 5_400_000,
    "2d": 172_800_000,
    "0s": 0,
    "1500us": 2,
  };
  for (const [text, milliseconds] of Object.entries(times)) assert.equal(parseDuration(text), milliseconds, text);
  for (const text of ["", "10", "s", "-1s", "1 s", "1M", "1y", "1s\n", "1.s"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});
