// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { parseDate } from "../../src/ostree/index.ts";

/** GNU date has the parser that stock ostree uses. */
const gnu = (text: string) => BigInt(execFileSync("date", ["-d", text, "+%s"], { encoding: "utf8" }).trim());

test("reads dates as GNU date does", () => {
  const texts = [
    "@1600000000",
    "2020-01-02 03:04:05 +0000",
    "2020-01-02 03:04:05 -0730",
    "2020-01-02T03:04:05Z",
    "2020-01-02 03:04",
    "2020-01-02",
    "Thu Jan  2 03:04:05 UTC 2020",
    "Thu, 02 Jan 2020 03:04:05 +0100",
  ];
  for (const text of texts) assert.equal(parseDate(text), gnu(text), text);
});

test("reads relative dates", () => {
  const now = new Date("2020-03-31T12:00:00Z");
  const days = (text: string) => (Number(parseDate(text, now)) - now.getTime() / 1000) / 86400;
  assert.deepEqual(["now", "yesterday", "3 days ago", "1 week ago", "2 hours ago", "next day"].map(days), [
    0,
    -1,
    -3,
    -7,
    -1 / 12,
    1,
  ]);
  assert.equal(parseDate("1 month ago", new Date("2020-03-15T00:00:00Z")), BigInt(Date.UTC(2020, 1, 15) / 1000));
});

test("refuses what is no date", () => {
  for (const text of ["", "garbage", "@", "@x", "2020-13-01", "3 parsecs ago"]) {
    assert.throws(() => parseDate(text), /Could not parse/, text);
  }
});
