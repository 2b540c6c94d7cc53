// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  quoteCommandLine,
  quoteUnitLiteral,
  quoteUnitWord,
  quoteUnitWords,
  splitUnitWords,
} from "../../src/formats/index.ts";

/** What systemd takes the words of a value for: it names each word of Environment= that is no assignment. */
function wordsOfSystemd(value: string): string[] {
  const directory = mkdtempSync(join(tmpdir(), "atomic-words-"));
  const unit = join(directory, "words.service");
  writeFileSync(unit, `[Service]\nType=oneshot\nExecStart=/bin/true\nEnvironment=${value}\n`);
  const { stderr, error } = spawnSync("systemd-analyze", ["--man=no", "verify", unit], { encoding: "utf8" });
  rmSync(directory, { recursive: true });
  if (error !== undefined) throw error;
  return [...stderr.matchAll(/Invalid environment assignment, ignoring: (.*)/g)].map((match) => match[1]!);
}

const values: [string, string[]][] = [
  [`plain words  between`, ["plain", "words", "between"]],
  [`"two words" 'single "quotes"' mid"dle qu"oted`, ["two words", 'single "quotes"', "middle quoted"]],
  [String.raw`\x41\xc3\xa9 \303\244 \u00e9\U0001F51F`, ["Aé", "ä", "é🔟"]],
  [String.raw`a\sb "c\"d" e\'f 'g\\h' i\\`, ["a b", 'c"d', "e'f", "g\\h", "i\\"]],
  [`; "#" $HOME \${X} -@:+!`, [";", "#", "$HOME", "${X}", "-@:+!"]],
];

test("words are split and unescaped as systemd does", () => {
  for (const [value, words] of values) {
    assert.deepEqual(splitUnitWords(value), words, value);
    assert.deepEqual(wordsOfSystemd(value), words, value);
  }
});

test("an empty pair of quotes is an empty word", () => {
  assert.deepEqual(splitUnitWords(`a "" b ''`), ["a", "", "b", ""]);
  assert.deepEqual(splitUnitWords(quoteUnitWords(["a", "", ";"])), ["a", "", ";"]);
});

test("quotes and escapes that do not end, and unknown ones, are refused; relaxed, those that do not end are taken", () => {
  for (const text of [`"a`, `a 'b`, "a\\"]) {
    assert.throws(() => splitUnitWords(text), { code: "formats-systemd-unit" }, text);
    assert.equal(splitUnitWords(text, { relaxed: true }).length, text.includes(" ") ? 2 : 1);
  }
  for (const text of ["\\k", "\\x4", "\\777", "\\x00", "\\ud800", "\\U00110000", "\\xff"]) {
    assert.throws(() => splitUnitWords(text, { relaxed: true }), { code: "formats-systemd-unit" }, text);
  }
  assert.deepEqual(splitUnitWords("a\\b \\k", { unescape: false }), ["a\\b", "\\k"]);
});

const hostile = [
  "a\nExecStart=/bin/evil",
  "quote \" and ' and \\",
  "%n %% $HOME ${X}",
  ";",
  "",
  " ",
  "\u0001\u007f\u0085\u2028é🔟",
  "\\",
  "trailing\\",
  "#[Service]",
];

test("what is quoted is read back as it was, by us and by systemd, and never leaves its line", () => {
  for (const word of hostile) {
    assert.doesNotMatch(quoteUnitWord(word), /[\n\r]/);
    assert.deepEqual(splitUnitWords(quoteUnitWord(word)), [word]);
  }
  // systemd writes words with control characters escaped into its message, and passes over an empty one.
  const shown = hostile.filter((word) => word !== "" && !/\p{Cc}/u.test(word) && word.trim() !== "");
  assert.deepEqual(wordsOfSystemd(shown.map(quoteUnitLiteral).join(" ")), shown);
});

test("any words survive quoting and splitting", () => {
  const letters = [..."ab %$;#='\"\\\n\r\t\u0001é\u0085🔟-x0n"];
  let state = 1;
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
  for (let round = 0; round < 2000; round++) {
    const words = Array.from({ length: random(5) }, () =>
      Array.from({ length: random(8) }, () => letters[random(letters.length)]).join(""),
    );
    assert.deepEqual(splitUnitWords(quoteUnitWords(words)), words);
  }
});

test("a command line's words mean themselves", () => {
  assert.equal(
    quoteCommandLine("/usr/bin/podman", ["run", "50%", "$HOME", "a b", ";"]),
    '/usr/bin/podman run 50%% $$HOME "a b" ";"',
  );
  assert.throws(() => quoteCommandLine("-podman", []), { code: "formats-systemd-unit" });
  assert.throws(() => quoteUnitWord("a\0b"), { code: "formats-systemd-unit" });
});
