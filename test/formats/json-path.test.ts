// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { queryJson } from "../../src/formats/index.ts";

const status = { deployments: [{ version: "2", booted: true }, { version: "1" }, { version: "0" }], transaction: null };

// What json-glib's json_path_query answers (its json-path.c; tests/path.c).
const answers: readonly (readonly [expression: string, found: unknown])[] = [
  ["$", [status]],
  ["$.transaction", [null]],
  ["$.deployments[0].version", ["2"]],
  ["$['deployments'][-1]['version']", ["0"]],
  ["$.deployments[0,2].version", ["2", "0"]],
  ["$.deployments[*].version", ["2", "1", "0"]],
  ["$.deployments[1:].version", ["1", "0"]],
  ["$.deployments[0:3:2].version", ["2", "0"]],
  ["$..version", ["2", "1", "0"]],
  ["$.deployments.*.booted", [true]],
  ["$.nothing", []],
];

for (const [expression, found] of answers)
  test(`${expression} leads where json-glib says`, () => assert.deepEqual(queryJson(status, expression), found));

test("what is no expression is refused with the place", () => {
  for (const text of [
    "",
    "deployments",
    "$.",
    "$[",
    "$[?(@.booted)]",
    "$.a b",
    `$${"..a".repeat(9)}`,
    "$.a".repeat(999),
  ])
    assert.throws(() => queryJson(status, text), /is no JSONPath/, text);
});
