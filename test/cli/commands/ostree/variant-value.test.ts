// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { variantValue } from "../../../../src/cli/commands/ostree/variant-value.ts";

test("reads values in GVariant text format", () => {
  const cases: [string, unknown][] = [
    ["'text'", { type: "s", value: "text" }],
    [`"it's"`, { type: "s", value: "it's" }],
    ["'a\\'b\\n'", { type: "s", value: "a'b\n" }],
    ["true", { type: "b", value: true }],
    ["-5", { type: "i", value: -5 }],
    ["uint64 5", { type: "t", value: 5n }],
    ["@t 123", { type: "t", value: 123n }],
    ["byte 0x10", { type: "y", value: 16 }],
    ["['a', \"b\"]", { type: "as", value: ["a", "b"] }],
    ["@a{sv} {}", { type: "a{sv}", value: new Map() }],
    ["@as []", { type: "as", value: [] }],
  ];
  for (const [text, value] of cases) assert.deepEqual(variantValue(text), value, text);
});

test("refuses what it cannot read", () => {
  for (const text of ["", "text", "'open", "['a'", "[]", "<'x'>", "('a',)", "float 1", "@q x"]) {
    assert.throws(() => variantValue(text), /not a supported metadata value/, text);
  }
});
