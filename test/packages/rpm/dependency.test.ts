// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dependenciesOverlap,
  dependencyOf,
  formatDependency,
  parseDependency,
  parseRich,
  type RichExpression,
} from "../../../src/packages/index.ts";

test("ranges overlap as rpmdsCompare says", () => {
  const meet: [string, string, boolean][] = [
    ["a", "b", false],
    ["a", "a = 1", true],
    ["a = 1-1", "a = 1-1", true],
    ["a = 1-1", "a = 1-2", false],
    // Without a release, equality takes every release.
    ["a = 1-1", "a = 1", true],
    ["a = 1", "a = 1-5", true],
    ["a = 1-5", "a >= 1", true],
    ["a = 1-5", "a <= 1", true],
    ["a = 1-5", "a > 1", false],
    ["a = 1-5", "a < 1", false],
    ["a = 1-5", "a > 1-4", true],
    // Without an epoch it is 0.
    ["a = 1:1-1", "a >= 2", true],
    ["a = 1:1-1", "a < 2", false],
    ["a = 0:1-1", "a = 1-1", true],
    // Ranges on both sides.
    ["a < 2", "a > 1", true],
    ["a < 1", "a > 2", false],
    ["a < 2", "a < 1", true],
    ["a < 2", "a > 2", false],
    ["a <= 2", "a >= 2", true],
    ["a < 2", "a >= 2", false],
    ["a < 2", "a < 2", true],
    ["a <= 2-3", "a > 2", false],
    ["a < 2-3", "a >= 2", true],
    ["a < 2-3", "a > 2", false],
  ];
  for (const [a, b, expected] of meet) {
    assert.equal(dependenciesOverlap(parseDependency(a), parseDependency(b)), expected, `${a} against ${b}`);
    assert.equal(dependenciesOverlap(parseDependency(b), parseDependency(a)), expected, `${b} against ${a}`);
  }
});

test("a header's flags become operators", () => {
  assert.deepEqual(dependencyOf("a", 0, ""), { name: "a" });
  assert.deepEqual(dependencyOf("a", 8, "1:1-1"), {
    name: "a",
    operator: "=",
    evr: { epoch: 1, version: "1", release: "1" },
  });
  assert.equal(dependencyOf("/bin/sh", 1 << 8, "").pre, undefined);
  assert.equal(dependencyOf("/bin/sh", (1 << 8) | (1 << 10), "").pre, true);
  const texts = [2, 4, 8, 10, 12].map((flags) => formatDependency(dependencyOf("a", flags, "1")));
  assert.deepEqual(texts, ["a < 1", "a > 1", "a = 1", "a <= 1", "a >= 1"]);
  assert.throws(() => dependencyOf("a", 6, "1"), { code: "packages-bad-dependency" });
  assert.throws(() => dependencyOf("", 0, ""), { code: "packages-bad-dependency" });
});

function show(expression: RichExpression): string {
  switch (expression.kind) {
    case "dependency":
      return formatDependency(expression.dependency);
    case "if":
    case "unless": {
      const { kind, operand, condition, otherwise } = expression;
      const rest = otherwise === undefined ? "" : ` else ${show(otherwise)}`;
      return `(${show(operand)} ${kind} ${show(condition)}${rest})`;
    }
    default:
      return `(${expression.operands.map(show).join(` ${expression.kind} `)})`;
  }
}

test("rich dependencies are read", () => {
  for (const text of [
    "(a and b)",
    "(a or b or c = 1-2)",
    "(a >= 1 with a < 2)",
    "(a without b)",
    "(a if b)",
    "(a if (b or c) else d)",
    "(a unless b else c)",
    "(libfoo.so.1()(64bit) and config(a) = 0:1-1)",
    "((a and b) or (c with (d or e)))",
  ]) {
    assert.equal(show(parseRich(text)), text.replace("0:1-1", "1-1"));
  }
  assert.equal(show(parseRich("( a   and\tb, and ( c ) )")), "(a and b and c)");
});

test("what is no rich dependency is refused", () => {
  for (const text of [
    "a",
    "()",
    "(a",
    "(a and b",
    "(a and)",
    "(and b",
    "(a and b) c",
    "(a and b or c)",
    "(a if b if c)",
    "(a without b without c)",
    "(a or b else c)",
    "(a if b else c else d)",
    "(a xor b)",
    "(a <> 1)",
    "(a = )",
    "((a and b) with c)",
    "(a with (b if c))",
    "(a\u00a0and b)",
    `${"(".repeat(65)}a${")".repeat(65)}`,
  ]) {
    assert.throws(() => parseRich(text), { code: "packages-bad-dependency" }, text);
  }
});

test("if and unless stand only where rpm's own check lets them", () => {
  parseRich("(a if b)", "requires");
  parseRich("(a unless b)", "conflicts");
  parseRich("((a if b) and c)", "requires");
  parseRich("(a if (b if c))", "requires");
  const refused = [
    ["(a if b)", "conflicts"],
    ["(a unless b)", "requires"],
    ["((a if b) or c)", "requires"],
    ["((a unless b) and c)", "supplements"],
  ] as const;
  for (const [text, relation] of refused) {
    assert.throws(() => parseRich(text, relation), { code: "packages-bad-dependency" }, `${text} in ${relation}`);
    parseRich(text);
  }
});
