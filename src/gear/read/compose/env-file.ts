// SPDX-License-Identifier: Apache-2.0
import { substitute, type Variables } from "./substitute.ts";

export interface EnvFile {
  readonly values: ReadonlyMap<string, string>;
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

const assignment = /^\s*(?:export\s+)?(?<key>[A-Za-z_][A-Za-z0-9_.-]*)\s*(?:=[ \t]*(?<value>.*))?$/;

/**
 * Parses `.env` and what `env_file` names, as compose-go's dotenv does: `KEY=VALUE` lines, comments, values in double quotes
 * (escapes, variables, several lines), in single quotes (as they are) or without (variables; ` #` begins a comment). A key
 * alone is taken over from `outer`.
 * @param outer what variables in values refer to, besides earlier lines; it wins over them
 */
export function parseEnvFile(text: string, outer: Variables): EnvFile {
  const values = new Map<string, string>();
  const faults: { line: number; message: string }[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const number = at + 1;
    if (/^\s*(#|$)/.test(line)) continue;
    const { key, value } = assignment.exec(line)?.groups ?? {};
    if (key === undefined) {
      faults.push({ line: number, message: "is no KEY=VALUE" });
      continue;
    }
    const written = value === undefined ? undefined : quoted(value, lines.slice(at + 1));
    at += written?.more ?? 0;
    const read = written ? finished(written, new Map([...values, ...outer])) : { text: outer.get(key) };
    if (read.fault !== undefined) faults.push({ line: number, message: `${key}: ${read.fault}` });
    else if (read.text !== undefined) values.set(key, read.text);
  }
  return { values, faults };
}

interface Written {
  readonly quote: string;
  readonly text: string;
  /** Lines after the first one that belong to it. */
  readonly more: number;
}

function quoted(value: string, following: readonly string[]): Written | undefined {
  const quote = value.startsWith('"') || value.startsWith("'") ? value.charAt(0) : "";
  if (quote === "") return { quote, text: value.replace(/(?:^|\s+)#.*$/, "").trimEnd(), more: 0 };
  let text = value;
  for (let more = 0; ; more++) {
    const end = closing(text, quote);
    if (end !== -1) return { quote, text: text.slice(1, end), more };
    const next = following[more];
    if (next === undefined) return { quote: "unclosed", text: "", more: 0 };
    text += `\n${next}`;
  }
}

function closing(text: string, quote: string): number {
  for (let at = 1; at < text.length; at++) {
    if (text[at] === "\\" && quote === '"') at++;
    else if (text[at] === quote) return at;
  }
  return -1;
}

const escapes = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

function finished({ quote, text }: Written, variables: Variables): { text?: string | undefined; fault?: string } {
  if (quote === "unclosed") return { fault: "has a quote that is not closed" };
  if (quote === "'") return { text };
  const plain =
    quote === '"' ? text.replaceAll(/\\([nrt"\\])/g, (_, letter: string) => escapes.get(letter) ?? letter) : text;
  const result = substitute(plain, variables);
  return result.fault ? { fault: result.fault.message } : { text: result.text };
}
