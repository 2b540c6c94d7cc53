// SPDX-License-Identifier: Apache-2.0
/** Debian's control format: deb822(5), Policy section 5.1. Field names are compared without case. */
import { formatError } from "./errors.ts";

/** One paragraph: fields by lower-case name, in the file's order. A folded value keeps its newlines, without the first blank. */
export class Stanza {
  readonly #fields: Map<string, { readonly name: string; readonly value: string }>;

  constructor(fields: Iterable<readonly [string, string]>, what = "stanza") {
    this.#fields = new Map();
    for (const [name, value] of fields) {
      const key = name.toLowerCase();
      if (this.#fields.has(key)) throw formatError("deb822", `${what}: field ${name} is there twice`);
      this.#fields.set(key, { name, value });
    }
  }

  get(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase())?.value;
  }

  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase());
  }

  /** Names as written, with values. */
  *entries(): IterableIterator<[name: string, value: string]> {
    for (const { name, value } of this.#fields.values()) yield [name, value];
  }
}

/** What `scanDeb822` finds: offsets into the text. */
export interface Deb822Visitor {
  /** A field: its name is [name, colon), its value [value, end) with continuation lines, not trimmed at the end. */
  field(name: number, colon: number, value: number, end: number): void;
  /** The end of a stanza that had at least one field. */
  stanza(): void;
}

const newline = 10;
const space = 32;
const tab = 9;
const hash = 35;

/** Walks a control file in one pass without making objects. Lines that start with `#` are comments. */
export function scanDeb822(text: string, what: string, visitor: Deb822Visitor): void {
  const size = text.length;
  let fields = 0;
  for (let line = 0; line < size;) {
    let end = text.indexOf("\n", line);
    if (end < 0) end = size;
    const first = text.charCodeAt(line);
    if (first === hash) {
      line = end + 1;
      continue;
    }
    if (end === line || isBlank(text, line, end)) {
      if (fields > 0) visitor.stanza();
      fields = 0;
      line = end + 1;
      continue;
    }
    const colon = text.indexOf(":", line);
    if (colon <= line || colon > end || first === space || first === tab) throw badLine(text, line, end, what);
    while (end < size && isContinuation(text.charCodeAt(end + 1))) {
      end = text.indexOf("\n", end + 1);
      if (end < 0) end = size;
    }
    const after = text.charCodeAt(colon + 1);
    visitor.field(line, colon, after === space || after === tab ? colon + 2 : colon + 1, end);
    fields++;
    line = end + 1;
  }
  if (fields > 0) visitor.stanza();
}

function isContinuation(code: number): boolean {
  return code === space || code === tab;
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code !== space && code !== tab && code !== 13 && code !== newline) return false;
  }
  return true;
}

function badLine(text: string, start: number, end: number, what: string) {
  let number = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < start; at = text.indexOf("\n", at + 1)) number++;
  const shown = JSON.stringify(text.slice(start, Math.min(end, start + 60)));
  return formatError("deb822", `${what}: line ${number} is no field: ${shown}`);
}

/** All stanzas of a control file. For the large indices use `scanDeb822`. */
export function parseDeb822(text: string, what: string): Stanza[] {
  const stanzas: Stanza[] = [];
  let fields: [string, string][] = [];
  scanDeb822(text, what, {
    field(name, colon, value, end) {
      fields.push([text.slice(name, colon), text.slice(value, end).trim()]);
    },
    stanza() {
      stanzas.push(new Stanza(fields, what));
      fields = [];
    },
  });
  return stanzas;
}

/** One stanza as text, ending in a newline. Values must be folded already: continuation lines start with a blank. */
export function formatStanza(fields: Iterable<readonly [string, string]>): string {
  let text = "";
  for (const [name, value] of fields) text += value.startsWith("\n") ? `${name}:${value}\n` : `${name}: ${value}\n`;
  return text;
}
