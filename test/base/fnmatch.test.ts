// SPDX-License-Identifier: Apache-2.0
// Patterns as the C library's fnmatch(3) takes them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fnmatchPattern } from "../../src/base/index.ts";

const words = (text: string) => text.split(" ");
const patterns = words(
  "* ? a a* *a a?c ** a**c kernel-[0-9]* [abc] [!abc] [^abc] [a-c]x []a] [!]a] [a-] [ [a a] \\* a\\? [z-a] a.c a+ (a) {a} $ ^ | é? " +
    "*.i686 lib*-devel [.] [-a] [[] [*]",
).concat("", "a\nb");
const texts = words(
  "a b c x ax abc a* * a? ] [ [a a] - ^ a.c a+ (a) {a} $ | kernel-5 kernel-x bash.i686 libx-devel éa é .",
).concat("", "a\nb");

test("a pattern fits what it fits for the C library", () => {
  const program = `import ctypes, json, locale, sys
locale.setlocale(locale.LC_ALL, "C.UTF-8")
fnmatch = ctypes.CDLL(None).fnmatch
patterns, texts = json.load(sys.stdin)
print(json.dumps([[fnmatch(p.encode(), t.encode(), 0) == 0 for t in texts] for p in patterns]))`;
  const told = JSON.parse(
    execFileSync("python3", ["-c", program], { input: JSON.stringify([patterns, texts]) }).toString(),
  );
  for (const [row, pattern] of patterns.entries()) {
    const expression = fnmatchPattern(pattern);
    const own = texts.map((text) => expression.test(text));
    assert.deepEqual(own, told[row], JSON.stringify(pattern));
  }
});
