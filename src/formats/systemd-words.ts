// SPDX-License-Identifier: Apache-2.0
/**
 * Words of the values of unit files: systemd.service(5) "Command lines", systemd.syntax(7) "Quoting". Split as systemd's
 * extract_first_word does; specifiers (`%n`) and variables (`$X`) are left alone.
 */
import { formatError } from "./errors.ts";

export interface SplitOptions {
  /** Whether `\n`, `\x41` and their like are replaced (EXTRACT_CUNESCAPE); else a backslash is a letter (EXTRACT_RETAIN_ESCAPE). */
  readonly unescape?: boolean;
  /** Accepts a quote that does not end and a backslash at the end (EXTRACT_RELAX). */
  readonly relaxed?: boolean;
}

const whitespace = " \t\n\r";

/** Quotes are removed; an empty pair of them is an empty word. @throws formats-systemd-unit, of which the caller knows file and line */
export function splitUnitWords(text: string, options: SplitOptions = {}): string[] {
  const words: string[] = [];
  let position = 0;
  for (;;) {
    while (position < text.length && whitespace.includes(text[position]!)) position++;
    if (position >= text.length) return words;
    const { word, end } = readWord(text, position, options);
    words.push(word);
    position = end;
  }
}

function readWord(text: string, start: number, options: SplitOptions): { word: string; end: number } {
  const { unescape = true, relaxed = false } = options;
  const word = new WordBytes();
  let quote = "";
  let position = start;
  while (position < text.length) {
    const letter = text[position]!;
    if (letter === "\\" && unescape) {
      if (position + 1 === text.length && relaxed) return { word: word.toString(), end: text.length };
      position += unescapeOne(text, position + 1, word);
    } else if (quote === "" && whitespace.includes(letter)) {
      return { word: word.toString(), end: position };
    } else if (quote === "" ? letter === '"' || letter === "'" : letter === quote) {
      quote = quote === "" ? letter : "";
    } else {
      word.text(letter);
    }
    position++;
  }
  if (quote !== "" && !relaxed) throw formatError("systemd-unit", `a ${quote} that does not end`);
  return { word: word.toString(), end: position };
}

/** `\xc3\xa9` are bytes of one letter, so that a word is UTF-8 only when it is complete. */
class WordBytes {
  #text = "";
  #bytes: number[] = [];

  text(text: string): void {
    this.#flush();
    this.#text += text;
  }

  byte(value: number): void {
    this.#bytes.push(value);
  }

  toString(): string {
    this.#flush();
    return this.#text;
  }

  #flush(): void {
    if (this.#bytes.length === 0) return;
    try {
      this.#text += new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(this.#bytes));
    } catch (cause) {
      throw formatError("systemd-unit", "escaped bytes that are no UTF-8", { cause });
    }
    this.#bytes = [];
  }
}

const letters: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  s: " ",
};

const numbers = [
  { pattern: /x([0-9A-Fa-f]{2})/y, base: 16, largest: 0xff },
  { pattern: /([0-7]{3})/y, base: 8, largest: 0xff },
  { pattern: /u([0-9A-Fa-f]{4})/y, base: 16, largest: 0x10ffff },
  { pattern: /U([0-9A-Fa-f]{8})/y, base: 16, largest: 0x10ffff },
];

/** Appends what stands behind a backslash (systemd's cunescape_one). @returns how many characters it was */
function unescapeOne(text: string, position: number, word: WordBytes): number {
  const simple = letters[text[position] ?? ""];
  if (simple !== undefined) {
    word.text(simple);
    return 1;
  }
  for (const { pattern, base, largest } of numbers) {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match === null) continue;
    const value = Number.parseInt(match[1]!, base);
    // A string with NUL would end there for the program; a lone surrogate has no UTF-8.
    if (value === 0 || value > largest || (value >= 0xd800 && value <= 0xdfff)) break;
    if (largest === 0xff) word.byte(value);
    else word.text(String.fromCodePoint(value));
    return match[0].length;
  }
  throw formatError("systemd-unit", `an unsupported escape char: \\${text.slice(position, position + 9)}`);
}

/**
 * A word as a unit file has it, quoted where it must be; specifiers and variables keep their meaning. A line break cannot
 * leave the line that it is written in.
 */
export function quoteUnitWord(word: string): string {
  if (word.includes("\0")) throw formatError("systemd-unit", "a word with a NUL character");
  // What podman's charNeedEscape takes; besides them `;`, which alone would end a command line, and the empty word.
  if (word !== "" && word !== ";" && !/[\s\p{Cc}"'\\]/u.test(word)) return word;
  return `"${word.replace(/["\\]|[^ \P{White_Space}]|\p{Cc}/gu, escapeLetter)}"`;
}

function escapeLetter(letter: string): string {
  if (letter === '"' || letter === "\\") return `\\${letter}`;
  const named = Object.entries(letters).find(([, value]) => value === letter)?.[0];
  if (named !== undefined) return `\\${named}`;
  return [...Buffer.from(letter)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

export const quoteUnitWords = (words: readonly string[]): string => words.map(quoteUnitWord).join(" ");

/** A word that means itself: no specifier of systemd.unit(5) in it is replaced. */
export const quoteUnitLiteral = (word: string): string => quoteUnitWord(escapeSpecifiers(word));

export const escapeSpecifiers = (text: string): string => text.replaceAll("%", "%%");

/**
 * A command line of which every word means itself: neither specifiers nor variables are replaced (systemd.service(5),
 * "Command lines"). The program is an absolute path, so that it has none of the prefixes `@-:+!|`.
 */
export function quoteCommandLine(program: string, words: readonly string[]): string {
  if (!program.startsWith("/")) throw formatError("systemd-unit", `${JSON.stringify(program)} is no absolute path`);
  return [program, ...words].map((word) => quoteUnitLiteral(word.replaceAll("$", "$$$$"))).join(" ");
}
