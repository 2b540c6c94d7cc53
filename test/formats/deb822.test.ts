// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatStanza, parseDeb822 } from "../../src/formats/index.ts";

test("stanzas, folded values, comments and blank lines", () => {
  const text = [
    "# a comment\nPackage: a\nDepends: b,\n c (>= 1)\nDescription: short\n long\n .\n more\n\n \t\n\n",
    "PACKAGE:b\nVersion:\t2\nEmpty:\n",
  ].join("");
  const [a, b, ...rest] = parseDeb822(text, "sample");
  assert.equal(rest.length, 0);
  assert.deepEqual(
    [...a!.entries()],
    [
      ["Package", "a"],
      ["Depends", "b,\n c (>= 1)"],
      ["Description", "short\n long\n .\n more"],
    ],
  );
  assert.equal(b!.get("package"), "b");
  assert.equal(b!.get("Version"), "2");
  assert.equal(b!.get("empty"), "");
  assert.equal(b!.get("Depends"), undefined);
});

test("what is written is read again", () => {
  const fields: [string, string][] = [
    ["Package", "a"],
    ["Description", "short\n long\n .\n more"],
    ["SHA256", "\n abc 1 main/x\n def 2 main/y"],
  ];
  const [stanza] = parseDeb822(formatStanza(fields), "sample");
  assert.deepEqual(
    [...stanza!.entries()],
    fields.map(([name, value]) => [name, value.trim()]),
  );
});

test("the last line needs no newline, an empty text has no stanza", () => {
  assert.equal(parseDeb822("A: 1", "sample")[0]!.get("A"), "1");
  assert.deepEqual(parseDeb822("\n\n", "sample"), []);
});

test("a line that is no field, or a field twice, is an error that names the line", () => {
  assert.throws(() => parseDeb822("A: 1\nB: 2\n<html>\n", "sample"), {
    code: "formats-deb822",
    message: /sample: line 3 is no field: "<html>"/,
  });
  assert.throws(() => parseDeb822(" folded: first\n", "sample"), { code: "formats-deb822" });
  assert.throws(() => parseDeb822(": no name\n", "sample"), { code: "formats-deb822" });
  assert.throws(() => parseDeb822("A: 1\nB: 2\na: 3\n", "sample"), {
    code: "formats-deb822",
    message: /field a is there twice/,
  });
});
