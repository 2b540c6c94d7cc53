// SPDX-License-Identifier: Apache-2.0
import { formatError } from "./errors.ts";

type Line =
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "entry"; readonly key: string; readonly value: string }
  /** Comment or empty line, kept as it is. */
  | { readonly kind: "other"; readonly text: string };

/**
 * A GLib key file (GKeyFile; Desktop Entry Specification, "Basic format of the file"). Comments, order and empty lines
 * survive editing. Group and key names are case-sensitive; of equal keys the last counts, groups of one name are one.
 */
export class Keyfile {
  readonly #what: string;
  #lines: Line[] = [];

  private constructor(what: string) {
    this.#what = what;
  }

  static empty(): Keyfile {
    return new Keyfile("key file");
  }

  /** @param what name of the input, for errors */
  static parse(text: string, what: string): Keyfile {
    const file = new Keyfile(what);
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    let grouped = false;
    for (const [index, line] of lines.entries()) {
      const parsed = parseLine(line, `${what}:${index + 1}`);
      if (parsed.kind === "group") grouped = true;
      if (parsed.kind === "entry" && !grouped) throw malformed(`${what}:${index + 1}`, "a key before the first group");
      file.#lines.push(parsed);
    }
    return file;
  }

  groups(): string[] {
    return [...new Set(this.#lines.flatMap((line) => (line.kind === "group" ? [line.name] : [])))];
  }

  hasGroup(group: string): boolean {
    return this.#lines.some((line) => line.kind === "group" && line.name === group);
  }

  keys(group: string): string[] {
    return [...new Set(this.#entries(group).map(({ line }) => line.key))];
  }

  /** The value as it stands, escapes included. */
  getRaw(group: string, key: string): string | undefined {
    return this.#entries(group).findLast(({ line }) => line.key === key)?.line.value;
  }

  get(group: string, key: string): string | undefined {
    const raw = this.getRaw(group, key);
    return raw === undefined ? undefined : unescape(raw);
  }

  /** `true`/`1` and `false`/`0`; anything else is an error (g_key_file_get_boolean). */
  getBoolean(group: string, key: string): boolean | undefined {
    const value = this.getRaw(group, key)?.trimEnd();
    if (value === undefined) return undefined;
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
    throw this.#unfit(group, key, value, "true or false");
  }

  getInteger(group: string, key: string): number | undefined {
    const value = this.getRaw(group, key)?.trim();
    if (value === undefined) return undefined;
    if (!/^[-+]?\d{1,15}$/.test(value)) throw this.#unfit(group, key, value, "an integer");
    return Number(value);
  }

  /** A list: items end or are separated by `;`, `\;` is a semicolon. */
  getList(group: string, key: string): string[] | undefined {
    const raw = this.getRaw(group, key);
    if (raw === undefined) return undefined;
    const items = raw.match(/(?:\\.|[^;\\])*(?:;|$)/g) ?? [];
    const values = items.filter((item) => item !== "").map((item) => unescape(item.replace(/;$/, "")));
    return values;
  }

  /** Sets a value; a missing group is added at the end. */
  set(group: string, key: string, value: string | boolean | number): void {
    this.setRaw(group, key, typeof value === "string" ? escape(value) : String(value));
  }

  setList(group: string, key: string, values: readonly string[]): void {
    this.setRaw(group, key, values.map((value) => `${escape(value).replaceAll(";", "\\;")};`).join(""));
  }

  setRaw(group: string, key: string, value: string): void {
    if (/[\n\r]/.test(value) || key === "" || /[=[\]\n]/.test(key) || /[[\]\n]/.test(group) || group === "") {
      throw formatError("keyfile-value", `${this.#what}: [${group}] ${key} cannot be written`);
    }
    const line: Line = { kind: "entry", key, value };
    const entries = this.#entries(group);
    const old = entries.findLast((entry) => entry.line.key === key);
    if (old) this.#lines[old.index] = line;
    else this.#lines.splice(this.#groupEnd(group), 0, line);
  }

  removeKey(group: string, key: string): boolean {
    const doomed = new Set(this.#entries(group).flatMap(({ line, index }) => (line.key === key ? [index] : [])));
    this.#lines = this.#lines.filter((_, index) => !doomed.has(index));
    return doomed.size > 0;
  }

  removeGroup(group: string): boolean {
    let inside = false;
    const kept = this.#lines.filter((line) => {
      if (line.kind === "group") inside = line.name === group;
      return !inside;
    });
    const removed = kept.length < this.#lines.length;
    this.#lines = kept;
    return removed;
  }

  toString(): string {
    return this.#lines.map((line) => `${lineText(line)}\n`).join("");
  }

  #entries(group: string): { line: Extract<Line, { kind: "entry" }>; index: number }[] {
    const found: { line: Extract<Line, { kind: "entry" }>; index: number }[] = [];
    let inside = false;
    for (const [index, line] of this.#lines.entries()) {
      if (line.kind === "group") inside = line.name === group;
      else if (inside && line.kind === "entry") found.push({ line, index });
    }
    return found;
  }

  /** Where a new key of `group` goes: after its last entry; the group is made when missing. */
  #groupEnd(group: string): number {
    let end = -1;
    let inside = false;
    for (const [index, line] of this.#lines.entries()) {
      if (line.kind === "group") inside = line.name === group;
      if (inside && line.kind !== "other") end = index + 1;
    }
    if (end >= 0) return end;
    if (this.#lines.length > 0) this.#lines.push({ kind: "other", text: "" });
    return this.#lines.push({ kind: "group", name: group });
  }

  #unfit(group: string, key: string, value: string, wanted: string) {
    return formatError("keyfile-value", `${this.#what}: [${group}] ${key}=${value} should be ${wanted}`);
  }
}

function malformed(where: string, detail: string) {
  return formatError("keyfile-malformed", `${where}: ${detail}`);
}

function parseLine(line: string, where: string): Line {
  const text = line.trimStart();
  if (text === "" || text.startsWith("#")) return { kind: "other", text: line };
  const group = /^\[([^[\]]+)\]\s*$/.exec(text);
  if (group?.[1]) return { kind: "group", name: group[1] };
  const equals = text.indexOf("=");
  if (equals < 1) throw malformed(where, `${JSON.stringify(line.slice(0, 80))} is no group, key or comment`);
  return { kind: "entry", key: text.slice(0, equals).trimEnd(), value: text.slice(equals + 1).trimStart() };
}

function lineText(line: Line): string {
  if (line.kind === "group") return `[${line.name}]`;
  return line.kind === "entry" ? `${line.key}=${line.value}` : line.text;
}

const escapes: Readonly<Record<string, string>> = { s: " ", n: "\n", t: "\t", r: "\r", "\\": "\\", ";": ";" };

function unescape(raw: string): string {
  return raw.replace(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole);
}

/** As g_key_file_set_string: only leading white space needs `\s` and `\t`. */
function escape(value: string): string {
  return value
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replace(/^[ \t]+/, (space) => space.replaceAll(" ", "\\s").replaceAll("\t", "\\t"));
}
