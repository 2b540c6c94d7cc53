// SPDX-License-Identifier: Apache-2.0
import type { Variant } from "../../../formats/index.ts";
import { cliError } from "../../errors.ts";

const integerTypes: Readonly<Record<string, string>> = {
  byte: "y",
  int16: "n",
  uint16: "q",
  int32: "i",
  uint32: "u",
  int64: "x",
  uint64: "t",
};

/** A metadata value in GVariant text format: a string, a boolean, a number, or an array of strings. */
export function variantValue(text: string): Variant {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false") return { type: "b", value: trimmed === "true" };
  const number = /^(?:(@[ynqiuxt]|\w+)\s+)?([-+]?(?:\d{1,20}|0x[0-9a-fA-F]{1,16}))$/.exec(trimmed);
  const word = number?.[1] ?? "int32";
  const type = word.startsWith("@") ? word.slice(1) : integerTypes[word];
  if (number?.[2] !== undefined && type !== undefined) {
    const value = BigInt(number[2].replace(/^\+/, ""));
    return { type, value: type === "x" || type === "t" ? value : Number(value) };
  }
  const string = quoted(trimmed);
  if (string?.rest === "") return { type: "s", value: string.value };
  const strings = trimmed.startsWith("[") ? stringArray(trimmed) : undefined;
  if (strings) return { type: "as", value: strings };
  const empty = /^@(a\S+) (?:\[\]|\{\})$/.exec(trimmed)?.[1];
  if (empty !== undefined) return { type: empty, value: empty.startsWith("a{") ? new Map() : emptyArray(empty) };
  throw cliError("usage", `not a supported metadata value: ${text}`, {
    hint: "strings in quotes, true, false, numbers (uint64 5) and arrays of strings are supported",
  });
}

function emptyArray(type: string): [] | Uint8Array {
  return type === "ay" ? new Uint8Array() : [];
}

/** The quoted string at the beginning of `text`. */
function quoted(text: string): { value: string; rest: string } | undefined {
  const match = /^(['"])((?:(?!\1)[^\\]|\\.)*)\1\s*/s.exec(text);
  if (!match) return undefined;
  const named: Record<string, string> = { n: "\n", t: "\t", r: "\r" };
  const value = match[2]!.replace(/\\(.)/gs, (_, letter: string) => named[letter] ?? letter);
  return { value, rest: text.slice(match[0].length) };
}

function stringArray(text: string): string[] | undefined {
  const values: string[] = [];
  let rest = text.slice(1).trimStart();
  while (!rest.startsWith("]")) {
    const next = quoted(rest);
    if (!next) return undefined;
    values.push(next.value);
    rest = next.rest.replace(/^,\s*/, "");
  }
  return rest === "]" && values.length > 0 ? values : undefined;
}
