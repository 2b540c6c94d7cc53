// SPDX-License-Identifier: Apache-2.0
/**
 * rpm's macros as far as scriptlets need them: definitions of the tree's own files and simple expansion. A macro with
 * options or arguments, and those built in, stay as they are written, as an unknown macro does (rpm-macros(7)).
 */
import { readdirSync } from "node:fs";
import { readTextIfExists, unlessErrno } from "../../../base/index.ts";

/** Against macros that expand to themselves. */
const depthLimit = 64;
const lengthLimit = 1 << 20;

export class Macros {
  /** Definitions of a name, the latest last: `undefine` takes that away. */
  readonly #bodies = new Map<string, string[]>();

  /** Reads the files that rpm reads, in the thread's root directory. */
  static ofTree(): Macros {
    const macros = new Macros();
    const directories = ["/usr/lib/rpm/macros.d", "/etc/rpm"];
    const files = directories.flatMap((directory) =>
      (unlessErrno(["ENOENT", "ENOTDIR"], () => readdirSync(directory)) ?? [])
        .filter((name) => name.startsWith("macros.") && !/\.rpm(new|save|orig)$|~$/.test(name))
        .sort()
        .map((name) => `${directory}/${name}`),
    );
    for (const path of ["/usr/lib/rpm/macros", ...files]) macros.load(readTextIfExists(path) ?? "");
    return macros;
  }

  load(text: string): void {
    const lines = text.replaceAll(/\\\n/g, "\n\0").split(/\n(?!\0)/);
    for (const line of lines) if (line.startsWith("%")) this.define(line.slice(1).replaceAll("\0", ""));
  }

  /** @param definition `NAME BODY` @returns false when it is not written so */
  define(definition: string): boolean {
    const match = /^\s*([A-Za-z_]\w{2,})(\([^)]*\))?\s+(.*)$/s.exec(definition);
    if (!match) return false;
    const [, name = "", options, body = ""] = match;
    if (options !== undefined) return true;
    this.#bodies.set(name, [...(this.#bodies.get(name) ?? []), body.trimEnd()]);
    return true;
  }

  undefine(name: string): void {
    this.#bodies.get(name)?.pop();
  }

  isDefined(name: string): boolean {
    return this.#body(name) !== undefined;
  }

  #body(name: string): string | undefined {
    return this.#bodies.get(name)?.at(-1);
  }

  expand(text: string, depth = 0): string {
    if (depth > depthLimit || text.length > lengthLimit) return text;
    let result = "";
    for (let at = 0; at < text.length;) {
      const start = text.indexOf("%", at);
      if (start < 0) return result + text.slice(at);
      result += text.slice(at, start);
      const [expanded, end] = this.#expandAt(text, start, depth);
      result += expanded;
      at = end;
    }
    return result;
  }

  /** Expands what begins with the `%` at `start`. @returns the text, and where its source ended */
  #expandAt(text: string, start: number, depth: number): [expanded: string, end: number] {
    if (text[start + 1] === "%") return ["%", start + 2];
    if (text[start + 1] === "{") {
      const end = closing(text, start + 1);
      if (end === undefined) return [text.slice(start), text.length];
      return [this.#expandBraces(text.slice(start + 2, end), depth) ?? text.slice(start, end + 1), end + 1];
    }
    const match = /^%([!?]*)([A-Za-z_]\w*)/.exec(text.slice(start, start + 256));
    if (!match) return ["%", start + 1];
    const [whole = "", conditions = "", name = ""] = match;
    return [this.#conditional(conditions, name, undefined, depth) ?? whole, start + whole.length];
  }

  #expandBraces(inside: string, depth: number): string | undefined {
    const match = /^([!?]*)([A-Za-z_]\w*)(?::(.*))?$/s.exec(inside);
    return match ? this.#conditional(match[1] ?? "", match[2] ?? "", match[3], depth) : undefined;
  }

  /** `%{?name:text}`, `%{!?name:text}`, `%{?name}`, `%{name}`; undefined when it stays as it is written. */
  #conditional(conditions: string, name: string, text: string | undefined, depth: number): string | undefined {
    const body = this.#body(name);
    if (!conditions.includes("?")) {
      return body === undefined || text !== undefined ? undefined : this.expand(body, depth + 1);
    }
    const negated = (conditions.match(/!/g) ?? []).length % 2 === 1;
    if ((body !== undefined) === negated) return "";
    return text === undefined ? this.expand(negated ? "" : (body ?? ""), depth + 1) : this.expand(text, depth + 1);
  }
}

/** Where the brace at `open` is closed. */
function closing(text: string, open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return undefined;
}
