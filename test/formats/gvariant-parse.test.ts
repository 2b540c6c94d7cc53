// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGVariant, printGVariant, type Variant } from "../../src/formats/index.ts";

test("reads values in GVariant text format", () => {
  const cases: [string, Variant][] = [
    ["'text'", { type: "s", value: "text" }],
    [`"it's"`, { type: "s", value: "it's" }],
    ["'a\\'b\\n\\u00e9'", { type: "s", value: "a'b\né" }],
    ["true", { type: "b", value: true }],
    ["-5", { type: "i", value: -5 }],
    ["010", { type: "i", value: 8 }],
    ["uint64 5", { type: "t", value: 5n }],
    ["@t 123", { type: "t", value: 123n }],
    ["byte 0x10", { type: "y", value: 16 }],
    ["1.5e3", { type: "d", value: 1500 }],
    ["['a', \"b\"]", { type: "as", value: ["a", "b"] }],
    ["[1, uint16 2]", { type: "aq", value: [1, 2] }],
    ["@a{sv} {}", { type: "a{sv}", value: new Map() }],
    ["@as []", { type: "as", value: [] }],
    [
      "{'k': <1>, 'l': <'v'>}",
      {
        type: "a{sv}",
        value: new Map([
          ["k", { type: "i", value: 1 }],
          ["l", { type: "s", value: "v" }],
        ]),
      },
    ],
    ["('a', 1, [byte 2])", { type: "(siay)", value: ["a", 1, Buffer.from([2])] }],
    ["('only',)", { type: "(s)", value: ["only"] }],
    ["b'ab'", { type: "ay", value: Buffer.from("ab\0") }],
    ["@ms nothing", { type: "ms", value: null }],
    ["@ms 'x'", { type: "ms", value: "x" }],
    ["[just 1, nothing]", { type: "ami", value: [1, null] }],
    ["[@ai [], [1]]", { type: "aai", value: [[], [1]] }],
  ];
  for (const [text, value] of cases) assert.deepEqual(parseGVariant(text), value, text);
});

test("what is printed is read as the same", () => {
  const values: Variant[] = [
    {
      type: "a{sv}",
      value: new Map([
        ["a", { type: "at", value: [1n, 2n] }],
        ["b", { type: "(sib)", value: ["x", -1, false] }],
      ]),
    },
    { type: "aay", value: [Buffer.from([1, 2]), Buffer.from("text\0")] },
    {
      type: "a(sms)",
      value: [
        ["a", null],
        ["b", "c"],
      ],
    },
    { type: "d", value: Number.NEGATIVE_INFINITY },
    { type: "v", value: { type: "as", value: [] } },
    { type: "(nqxyogh)", value: [-1, 2, 3n, 4, "/a", "a{sv}", 5] },
  ];
  for (const { type, value } of values) {
    const text = printGVariant(type, value);
    assert.deepEqual(parseGVariant(text), { type, value }, text);
  }
});

test("refuses what it cannot read", () => {
  const texts = ["", "text", "'open", "['a'", "[]", "{}", "nothing", "float 1", "@q x", "1 2", "[1, 'a']", "@s 1"];
  for (const text of texts) assert.throws(() => parseGVariant(text), { code: "formats-gvariant-text" }, text);
  assert.throws(() => parseGVariant("byte 256"), { code: "formats-gvariant-value" });
  assert.throws(() => parseGVariant("[".repeat(100_000)), { code: "formats-gvariant-text" });
  assert.throws(() => parseGVariant("@a{vs} {}"), { code: "formats-gvariant-type" });
});
