// SPDX-License-Identifier: Apache-2.0
/**
 * Unit files of systemd: systemd.syntax(7). Sections of one name are one; a key may be repeated, and an empty value takes
 * back those before it. Comments, order and lines survive editing.
 */
import { formatError } from "./errors.ts";

export interface UnitEntry {
  readonly key: string;
  readonly value: string;
  /** Where it was read, `FILE:LINE` of its first line; undefined for what was added. */
  readonly where: string | undefined;
}

type Line = UnitEntry | { readonly comment: string };

interface Section {
  readonly name: string;
  /** Comments and empty lines before its header. */
  readonly head: string[];
  lines: Line[];
}

/**
 * How lines that end in `\` are joined. systemd replaces the backslash by a space, and an empty line ends the value
 * (config_parse); podman's parser removes it with the white space behind it, and passes over empty lines.
 */
export type UnitDialect = "systemd" | "podman";

/** Longer lines are refused by systemd (LONG_LINE_MAX); a joined one here could be made to need all memory. */
const longestLine = 1024 * 1024;

export class SystemdUnit {
  readonly #what: string;
  readonly #sections = new Map<string, Section>();

  private constructor(what: string) {
    this.#what = what;
  }

  static empty(what = "unit file"): SystemdUnit {
    return new SystemdUnit(what);
  }

  /**
   * @param what name of the input, for errors and `where`
   * @param firstLine number of the text's first line, where it is a part of the input
   */
  static parse(text: string, what: string, dialect: UnitDialect = "systemd", firstLine = 1): SystemdUnit {
    const unit = new SystemdUnit(what);
    let section = "";
    let pending: string[] = [];
    for (const { line, number } of logicalLines(text, what, dialect, firstLine)) {
      const header = /^\[([^[\]\p{Cc}]+)\][ \t]*$/u.exec(line)?.[1];
      if (isComment(line)) {
        pending.push(line);
      } else if (header !== undefined) {
        // One empty line between sections is written again by toString().
        if (pending[0] === "") pending.shift();
        section = header;
        unit.#append(section, [], pending);
        pending = [];
      } else {
        const where = `${what}:${number}`;
        if (section === "") throw formatError("systemd-unit", `${where}: a key before the first section`);
        unit.#append(section, [...pending.map((comment) => ({ comment })), parseEntry(line, where)]);
        pending = [];
      }
    }
    unit.#append(section, section === "" ? [] : pending.map((comment) => ({ comment })), section === "" ? pending : []);
    return unit;
  }

  sections(): string[] {
    return [...this.#sections.keys()].filter((name) => name !== "");
  }

  hasSection(section: string): boolean {
    return this.#sections.has(section);
  }

  /** In the order of the file, those before an empty value too. */
  entries(section: string): UnitEntry[] {
    return (this.#sections.get(section)?.lines ?? []).filter((line) => "key" in line);
  }

  keys(section: string): string[] {
    return [...new Set(this.entries(section).map((entry) => entry.key))];
  }

  /** What counts for a key that has one value: the last. */
  get(section: string, key: string): string | undefined {
    return this.entries(section).findLast((entry) => entry.key === key)?.value;
  }

  /** What counts for a key that may be repeated: all since the last empty value. */
  getAll(section: string, key: string): string[] {
    const values = this.entries(section).filter((entry) => entry.key === key);
    return values.slice(values.findLastIndex((entry) => entry.value === "") + 1).map((entry) => entry.value);
  }

  /** Adds a value behind all others; a missing section is added at the end. */
  add(section: string, key: string, value: string): void {
    this.#append(section, [madeEntry(section, key, value)]);
  }

  /** Puts a value before all others of its section. */
  prepend(section: string, key: string, value: string): void {
    this.#ensure(section).lines.unshift(madeEntry(section, key, value));
  }

  /** Replaces the last value. */
  set(section: string, key: string, value: string): void {
    const { lines } = this.#ensure(section);
    const index = lines.findLastIndex((line) => "key" in line && line.key === key);
    lines.splice(index < 0 ? lines.length : index, 1, madeEntry(section, key, value));
  }

  remove(section: string, key: string): void {
    const found = this.#sections.get(section);
    if (found !== undefined) found.lines = found.lines.filter((line) => !("key" in line && line.key === key));
  }

  /** Its lines go behind those of a section that has the name already. */
  renameSection(section: string, name: string): void {
    const old = this.#sections.get(section);
    if (old === undefined || section === name) return;
    const all = [...this.#sections.values()];
    const taken = this.#sections.has(name);
    this.#sections.clear();
    for (const one of all) {
      if (one !== old) this.#sections.set(one.name, one);
      else if (!taken) this.#sections.set(name, { ...one, name });
    }
    if (taken) this.#append(name, old.lines, old.head);
  }

  /** Adds all of `other` behind, as a drop-in does. */
  merge(other: SystemdUnit): void {
    for (const section of other.#sections.values()) this.#append(section.name, section.lines, section.head);
  }

  copy(): SystemdUnit {
    const unit = new SystemdUnit(this.#what);
    unit.merge(this);
    return unit;
  }

  toString(): string {
    return [...this.#sections.values()].map(sectionText).join("\n");
  }

  #append(section: string, lines: readonly Line[], head: readonly string[] = []): void {
    if (section === "" && lines.length + head.length === 0) return;
    const { head: oldHead, lines: oldLines } = this.#ensure(section);
    for (const comment of head) oldHead.push(comment);
    for (const line of lines) oldLines.push(line);
  }

  #ensure(name: string): Section {
    const section = this.#sections.get(name) ?? { name, head: [], lines: [] };
    this.#sections.set(name, section);
    return section;
  }
}

const isComment = (line: string): boolean => /^(?:$|[#;])/.test(line);

function parseEntry(line: string, where: string): UnitEntry {
  const equals = line.indexOf("=");
  const key = line.slice(0, Math.max(0, equals)).trimEnd();
  if (key === "") {
    throw formatError("systemd-unit", `${where}: ${JSON.stringify(line.slice(0, 80))} is no section, key or comment`);
  }
  return { key, value: line.slice(equals + 1).trim(), where };
}

interface LogicalLine {
  readonly line: string;
  /** Of the first line in the file, counted from 1. */
  readonly number: number;
}

/** Lines with those that they go on in; comments between the parts of one are left out. */
function* logicalLines(text: string, what: string, dialect: UnitDialect, firstLine: number): Generator<LogicalLine> {
  let parts: string[] = [];
  let length = 0;
  let number = 0;
  for (const [index, written] of text.replace(/\n$/, "").split("\n").entries()) {
    const line = dialect === "podman" ? written.trim() : written.trimStart().replace(/\r$/, "");
    if (parts.length === 0) number = index + firstLine;
    else if (isComment(line) && (line !== "" || dialect === "podman")) continue;
    length += line.length;
    if (length > longestLine) throw formatError("systemd-unit", `${what}:${index + firstLine}: a line is too long`);
    if (goesOn(line) && (parts.length > 0 || !isComment(line))) {
      parts.push(line.slice(0, -1) + (dialect === "systemd" ? " " : ""));
    } else {
      yield { line: parts.join("") + line, number };
      parts = [];
      length = 0;
    }
  }
  if (parts.length > 0) yield { line: parts.join(""), number };
}

/** A backslash behind a backslash is a letter. */
const goesOn = (line: string): boolean => /(?:^|[^\\])(?:\\\\)*\\$/.test(line);

function madeEntry(section: string, key: string, value: string): UnitEntry {
  // A line break would let a value of somebody else's begin a key of its own; a backslash at the end would eat the next one.
  if (/[\n\r\0]/.test(value) || goesOn(value) || value !== value.trim()) {
    throw formatError("systemd-unit", `a value of ${key} that a unit file cannot have: ${JSON.stringify(value)}`);
  }
  if (!/^[^=\s#;[\]\\]+$/.test(key) || !/^[^[\]\p{Cc}]+$/u.test(section)) {
    throw formatError("systemd-unit", `no name of a section and key: ${JSON.stringify([section, key])}`);
  }
  return { key, value, where: undefined };
}

function sectionText({ name, head, lines }: Section): string {
  const all = [...head, ...(name === "" ? [] : [`[${name}]`]), ...lines.map(lineText)];
  return all.map((line) => `${line}\n`).join("");
}

const lineText = (line: Line): string => ("key" in line ? `${line.key}=${line.value}` : line.comment);
