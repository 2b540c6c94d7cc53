// SPDX-License-Identifier: Apache-2.0
/** The text format of GVariant as `g_variant_print` writes it (glib/gvariant.c; "GVariant Text Format"). */
import { isVariant, type GVariantValue } from "./gvariant.ts";
import { gvariantType, type GVariantType } from "./gvariant-type.ts";

/** @param annotate add what is needed to read the type back: `uint32 5`, `@as []` */
export function printGVariant(type: string, value: GVariantValue, annotate = true): string {
  return print(gvariantType(type), value, annotate);
}

const prefixes: Readonly<Record<string, string>> = {
  n: "int16 ",
  q: "uint16 ",
  h: "handle ",
  u: "uint32 ",
  x: "int64 ",
  t: "uint64 ",
  o: "objectpath ",
  g: "signature ",
  y: "byte ",
};

function print(type: GVariantType, value: GVariantValue, annotate: boolean): string {
  const prefix = annotate ? (prefixes[type.code] ?? "") : "";
  switch (type.code) {
    case "y":
      return `${prefix}0x${(value as number).toString(16).padStart(2, "0")}`;
    case "s":
    case "o":
    case "g":
      return prefix + quote(value as string);
    case "d":
      return printDouble(value as number);
    case "v":
      if (!isVariant(value)) throw new Error("not a variant");
      return `<${print(gvariantType(value.type), value.value, true)}>`;
    case "m":
      return printMaybe(type, value, annotate);
    case "a":
      return printArray(type, value, annotate);
    case "(":
      return printTuple(type, value as GVariantValue[], annotate);
    default:
      return prefix + String(value);
  }
}

function printDouble(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function member(type: GVariantType, index: number): GVariantType {
  const found = type.members[index];
  if (!found) throw new Error(`type ${type.text} has no member ${index}`);
  return found;
}

function printMaybe(type: GVariantType, value: GVariantValue, annotate: boolean): string {
  if (value === null) return annotate ? `@${type.text} nothing` : "nothing";
  const inner = member(type, 0);
  return `${annotate ? `@${type.text} ` : ""}${inner.code === "m" ? "just " : ""}${print(inner, value, false)}`;
}

function printArray(type: GVariantType, value: GVariantValue, annotate: boolean): string {
  const element = member(type, 0);
  if (value instanceof Uint8Array) return printBytes(type, value, annotate);
  if (value instanceof Map) return printDictionary(type, element, [...value], annotate);
  const items = value as GVariantValue[];
  if (items.length === 0) return annotate ? `@${type.text} []` : "[]";
  // One annotation tells the type of all.
  return `[${items.map((item, index) => print(element, item, annotate && index === 0)).join(", ")}]`;
}

function printBytes(type: GVariantType, bytes: Uint8Array, annotate: boolean): string {
  if (bytes.length === 0) return annotate ? `@${type.text} []` : "[]";
  if (bytes.indexOf(0) === bytes.length - 1) {
    const text = escapeBytes(bytes.subarray(0, -1));
    return bytes.includes(0x27) ? `b"${text}"` : `b'${text}'`;
  }
  const items = [...bytes].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`);
  return `[${annotate ? "byte " : ""}${items.join(", ")}]`;
}

const byteEscapes: Readonly<Record<number, string>> = {
  8: "\\b",
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};

/** g_strescape: other bytes outside of printable ASCII are octal. */
function escapeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f;
    text += byteEscapes[byte] ?? (plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`);
  }
  return text;
}

function printDictionary(
  type: GVariantType,
  entry: GVariantType,
  entries: [GVariantValue, GVariantValue][],
  annotate: boolean,
): string {
  if (entries.length === 0) return annotate ? `@${type.text} {}` : "{}";
  const items = entries.map(([key, value], index) => {
    const first = annotate && index === 0;
    return `${print(member(entry, 0), key, first)}: ${print(member(entry, 1), value, first)}`;
  });
  return `{${items.join(", ")}}`;
}

function printTuple(type: GVariantType, values: readonly GVariantValue[], annotate: boolean): string {
  const items = values.map((value, index) => print(member(type, index), value, annotate));
  return `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
}

const characterEscapes: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

function quote(text: string): string {
  const mark = text.includes("'") ? '"' : "'";
  let quoted = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const control = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Zl}\p{Zp}]/u.test(character);
    const escape = characterEscapes[character] ?? (character === mark ? `\\${mark}` : undefined);
    const hex =
      code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
    quoted += escape ?? (control ? hex : character);
  }
  return mark + quoted + mark;
}
