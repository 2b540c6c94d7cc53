// SPDX-License-Identifier: Apache-2.0
/**
 * Checks a file of /usr/lib/bootc/kargs.d (bootc crates/lib/src/bootc_kargs.rs `Config`): the part of TOML that two arrays
 * of strings take, which is all that may stand there.
 * @returns what is wrong, or `undefined`
 */
export function readKargs(text: string): string | undefined {
  const seen = new Set<string>();
  const scanner = new Scanner(text);
  for (scanner.skip(true); !scanner.atEnd; scanner.skip(true)) {
    const key = scanner.take(/([A-Za-z0-9_-]+)[ \t]*=[ \t]*/y)?.[1];
    if (key === undefined) return `line ${scanner.line}: a key and = expected`;
    if (!keys.has(key)) return `line ${scanner.line}: unknown key ${key}`;
    if (seen.has(key)) return `line ${scanner.line}: ${key} is given twice`;
    seen.add(key);
    if (!takeStrings(scanner)) return `line ${scanner.line}: ${key} must be a list of strings`;
    scanner.skip(false);
    if (!scanner.atEnd && scanner.take(/\r?\n/y) === undefined)
      return `line ${scanner.line}: the end of the line expected`;
  }
  return seen.has("kargs") ? undefined : "has no kargs";
}

const keys = new Set(["kargs", "match-architectures"]);

/** Basic strings with TOML's escapes, or literal ones. */
const string = /"(?:[^"\\\p{Cc}]|\\(?:[btnfr"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}))*"|'[^'\p{Cc}]*'/uy;

function takeStrings(scanner: Scanner): boolean {
  if (scanner.take(/\[/y) === undefined) return false;
  for (scanner.skip(true); scanner.take(/\]/y) === undefined; scanner.skip(true)) {
    if (scanner.take(string) === undefined) return false;
    scanner.skip(true);
    if (scanner.take(/,/y) === undefined) return scanner.take(/\]/y) !== undefined;
  }
  return true;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  get line(): number {
    return this.#text.slice(0, this.#at).split("\n").length;
  }

  /** @param pattern sticky */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at += match[0].length;
    return match ?? undefined;
  }

  /** Goes past blanks and comments. */
  skip(lines: boolean): void {
    while (this.take(lines ? /[ \t\r\n]+/y : /[ \t]+/y) || this.take(/#[^\n]*/y));
  }
}
