// SPDX-License-Identifier: Apache-2.0
import { ByteWriter } from "../base/index.ts";
import { putNumber, readNumber } from "./gvariant-number.ts";
import { type GVariantType, gvariantType } from "./gvariant-type.ts";
import type { GVariantValue, Variant } from "./gvariant.ts";

export interface PrintOptions {
  /** Write types where the text alone would be ambiguous (`uint64 5`, `@as []`); default true. */
  readonly annotate?: boolean;
  /** Reverse the bytes of every number first: OSTree keeps its numbers big-endian. */
  readonly byteswap?: boolean;
}

/** A value in GVariant text format, as g_variant_print writes it. */
export function printGVariant(type: string, value: GVariantValue, options: PrintOptions = {}): string {
  return print(gvariantType(type), value, options.annotate ?? true, options.byteswap ?? false);
}

const prefixes: Readonly<Record<string, string>> = {
  y: "byte ",
  n: "int16 ",
  q: "uint16 ",
  u: "uint32 ",
  x: "int64 ",
  t: "uint64 ",
  h: "handle ",
  o: "objectpath ",
  g: "signature ",
};

function print(type: GVariantType, value: GVariantValue, annotate: boolean, swap: boolean): string {
  const prefix = annotate ? (prefixes[type.code] ?? "") : "";
  switch (type.code) {
    case "b":
      return String(value);
    case "y":
      return `${prefix}0x${(value as number).toString(16).padStart(2, "0")}`;
    case "s":
    case "o":
    case "g":
      return prefix + quote(value as string);
    case "d":
      return printDouble(value as number);
    case "v": {
      const inner = value as Variant;
      return `<${print(gvariantType(inner.type), inner.value, true, swap)}>`;
    }
    case "m":
      return (annotate ? `@${type.text} ` : "") + printMaybe(type, value, swap);
    case "a":
      return printArray(type, value, annotate, swap);
    case "(":
    case "{":
      return printTuple(type, value as readonly GVariantValue[], annotate, swap);
    default:
      return prefix + String(swap ? swapped(type, value) : value);
  }
}

/** "just" is written only where it tells a value that is there from the nothing that it holds (g_variant_print_string). */
function printMaybe(type: GVariantType, value: GVariantValue, swap: boolean): string {
  if (value === null) return "nothing";
  const member = type.members[0]!;
  const text = print(member, value, false, swap);
  return member.code === "m" && /^(nothing|just )/.test(text) ? `just ${text}` : text;
}

function swapped({ code }: GVariantType, value: GVariantValue): number | bigint {
  const number = code === "h" ? "i" : code;
  const out = new ByteWriter();
  putNumber(number, value, out);
  return readNumber(number, out.done(), false);
}

function printDouble(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function printArray(type: GVariantType, value: GVariantValue, annotate: boolean, swap: boolean): string {
  const element = type.members[0]!;
  if (value instanceof Uint8Array && element.code === "y") return printBytes(value, annotate);
  const dictionary = value instanceof Map;
  const items: readonly GVariantValue[] = dictionary ? [...value] : (value as readonly GVariantValue[]);
  const [open, close] = dictionary ? ["{", "}"] : ["[", "]"];
  if (items.length === 0) return `${annotate ? `@${type.text} ` : ""}${open}${close}`;
  // The first item tells the type of all.
  const shown = items.map((item, index) => {
    const first = annotate && index === 0;
    if (!dictionary) return print(element, item, first, swap);
    const [key, content] = item as [GVariantValue, GVariantValue];
    return `${print(element.members[0]!, key, first, swap)}: ${print(element.members[1]!, content, first, swap)}`;
  });
  return `${open}${shown.join(", ")}${close}`;
}

/** Bytes that end in their only NUL are written as a string. */
function printBytes(bytes: Uint8Array, annotate: boolean): string {
  if (bytes.length > 0 && bytes.indexOf(0) === bytes.length - 1) {
    const text = Buffer.from(bytes.subarray(0, -1)).toString("latin1");
    const mark = text.includes("'") ? '"' : "'";
    const escaped = text.replace(/[\\\p{Cc}\xa0-\xff'"]/gu, (letter) => escapeByte(letter, mark));
    return `b${mark}${escaped}${mark}`;
  }
  if (bytes.length === 0) return annotate ? "@ay []" : "[]";
  const shown = [...bytes].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`);
  return `[${annotate ? "byte " : ""}${shown.join(", ")}]`;
}

/** As g_strescape. */
function escapeByte(letter: string, mark: string): string {
  if (letter === "'" || letter === '"') return letter === mark ? `\\${letter}` : letter;
  const named: Record<string, string> = {
    "\b": "b",
    "\f": "f",
    "\n": "n",
    "\r": "r",
    "\t": "t",
    "\v": "v",
    "\\": "\\",
  };
  return `\\${named[letter] ?? letter.charCodeAt(0).toString(8).padStart(3, "0")}`;
}

function printTuple(type: GVariantType, value: readonly GVariantValue[], annotate: boolean, swap: boolean): string {
  const shown = type.members.map((member, index) => print(member, value[index]!, annotate, swap));
  return shown.length === 1 ? `(${shown[0]},)` : `(${shown.join(", ")})`;
}

function quote(text: string): string {
  const mark = text.includes("'") ? '"' : "'";
  const named: Record<string, string> = {
    "\x07": "a",
    "\b": "b",
    "\f": "f",
    "\n": "n",
    "\r": "r",
    "\t": "t",
    "\v": "v",
  };
  const escaped = text.replace(/[\\'"\p{Cc}\p{Cn}]/gu, (letter) => {
    if (letter === "'" || letter === '"') return letter === mark ? `\\${letter}` : letter;
    if (letter === "\\") return "\\\\";
    if (named[letter] !== undefined) return `\\${named[letter]}`;
    const code = letter.codePointAt(0)!;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `${mark}${escaped}${mark}`;
}
