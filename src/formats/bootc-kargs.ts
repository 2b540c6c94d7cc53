// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel arguments that an image asks for, a file of /usr/lib/bootc/kargs.d (bootc crates/lib/src/bootc_kargs.rs
 * `Config`): the part of TOML that two arrays of strings take, which is all that may stand there.
 */
import { formatError } from "./errors.ts";

export interface BootcKargs {
  readonly kargs: readonly string[];
  /** Rust's names: x86_64, aarch64, ...; undefined: for all. */
  readonly architectures: readonly string[] | undefined;
}

/** Throws `formats-bootc-kargs` with the place. */
export function parseBootcKargs(text: string, what: string): BootcKargs {
  const read = readBootcKargs(text);
  if (typeof read === "string") throw formatError("bootc-kargs", `${what}: ${read}`);
  return read;
}

/** As `parseBootcKargs`, but what is wrong is the answer. */
export function readBootcKargs(text: string): BootcKargs | string {
  const lists = new Map<string, readonly string[]>();
  const scanner = new Scanner(text);
  for (scanner.skip(true); !scanner.atEnd; scanner.skip(true)) {
    const key = scanner.take(/([A-Za-z0-9_-]+)[ \t]*=[ \t]*/y)?.[1];
    if (key === undefined) return `line ${scanner.line}: a key and = expected`;
    if (!keys.has(key)) return `line ${scanner.line}: unknown key ${key}`;
    if (lists.has(key)) return `line ${scanner.line}: ${key} is given twice`;
    const list = takeStrings(scanner);
    if (list === undefined) return `line ${scanner.line}: ${key} must be a list of strings`;
    lists.set(key, list);
    scanner.skip(false);
    if (!scanner.atEnd && scanner.take(/\r?\n/y) === undefined)
      return `line ${scanner.line}: the end of the line expected`;
  }
  const kargs = lists.get("kargs");
  return kargs === undefined ? "has no kargs" : { kargs, architectures: lists.get("match-architectures") };
}

const keys = new Set(["kargs", "match-architectures"]);

/** Basic strings with TOML's escapes, or literal ones. */
const string = /"(?:[^"\\\p{Cc}]|\\(?:[btnfr"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}))*"|'[^'\p{Cc}]*'/uy;

function takeStrings(scanner: Scanner): string[] | undefined {
  const list: string[] = [];
  if (scanner.take(/\[/y) === undefined) return undefined;
  for (scanner.skip(true); scanner.take(/\]/y) === undefined; scanner.skip(true)) {
    const match = scanner.take(string);
    if (match === undefined) return undefined;
    list.push(unquote(match[0]));
    scanner.skip(true);
    if (scanner.take(/,/y) === undefined) return scanner.take(/\]/y) === undefined ? undefined : list;
  }
  return list;
}

const escapes: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r" };

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (text.startsWith("'")) return inner;
  return inner.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (_, short, long, one: string | undefined) => {
    if (one !== undefined) return escapes[one] ?? one;
    const point = Number.parseInt(String(short ?? long), 16);
    return point > 0x10ffff ? "\ufffd" : String.fromCodePoint(point);
  });
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
