// SPDX-License-Identifier: Apache-2.0
/**
 * The D-Bus wire format of values (D-Bus specification 0.43, "Marshaling (Wire Format)"). Types are those of GVariant
 * without `m`, and so are the values in JavaScript (`gvariant.ts`); of equal keys in a dictionary the last counts.
 */
import { isUtf8 } from "node:buffer";
import { ByteReader, ByteWriter } from "../base/index.ts";
import { formatError } from "./errors.ts";
import { type GVariantValue, isVariant } from "./gvariant.ts";
import { memberOf } from "./gvariant-frame.ts";
import { putNumber, readNumber } from "./gvariant-number.ts";
import { gvariantType, type GVariantType } from "./gvariant-type.ts";

/** A cursor and the byte order of the message that it reads. */
export interface DbusInput {
  readonly reader: ByteReader;
  readonly littleEndian: boolean;
}

/** Nesting of containers, 32 arrays and 32 structures in the specification: deeper would exhaust the stack. */
const depthLimit = 64;
/** Bytes of one array (specification: 2^26). */
const arrayLimit = 1 << 26;

const alignmentClasses = [
  [1, "ygv"],
  [2, "nq"],
  [4, "biuhsoa"],
  [8, "xtd({"],
] as const;
const alignments = new Map(
  alignmentClasses.flatMap(([size, codes]) => [...codes].map((code) => [code, size] as const)),
);

function alignmentOf(type: GVariantType): 1 | 2 | 4 | 8 {
  const found = alignments.get(type.code);
  if (found === undefined) throw formatError("dbus", `D-Bus has no type ${type.text}`);
  return found;
}

/** The single complete types of a signature (`sa{sv}` has two). */
export function dbusSignature(signature: string): readonly GVariantType[] {
  // Longest that the wire format can carry.
  if (signature.length > 255) throw formatError("dbus", "a signature of more than 255 bytes");
  return gvariantType(`(${signature})`).members;
}

/** Appends values of the types of `signature`, little-endian, aligned from the start of `out`. */
export function putDbusValues(signature: string, values: readonly GVariantValue[], out: ByteWriter): void {
  const types = dbusSignature(signature);
  if (types.length !== values.length) throw misfit(signature, values);
  for (const [index, type] of types.entries()) put(type, values[index] as GVariantValue, out, 0);
}

/** Reads values of the types of `signature`, aligned from the start of the reader's input. */
export function takeDbusValues(signature: string, input: DbusInput): GVariantValue[] {
  return dbusSignature(signature).map((type) => take(type, input, 0));
}

function misfit(type: string, value: unknown) {
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : `a ${typeof value}`;
  return formatError("dbus", `${shown} cannot be written as D-Bus type ${type}`);
}

function malformed(detail: string) {
  return formatError("dbus", `malformed message: ${detail}`);
}

function put(type: GVariantType, value: GVariantValue, out: ByteWriter, depth: number): void {
  if (depth > depthLimit) throw misfit(type.text, value);
  out.align(alignmentOf(type));
  switch (type.code) {
    case "b":
      if (typeof value !== "boolean") throw misfit(type.text, value);
      out.u32(value ? 1 : 0, true);
      break;
    case "s":
    case "o":
      out.u32(Buffer.byteLength(text(type, value)), true);
      out.put(Buffer.from(text(type, value))).u8(0);
      break;
    case "g":
      putSignature(text(type, value), out);
      break;
    case "v":
      if (!isVariant(value)) throw misfit(type.text, value);
      putSignature(value.type, out);
      put(gvariantType(value.type), value.value, out, depth + 1);
      break;
    case "a":
      putArray(type, value, out, depth);
      break;
    case "(":
    case "{":
      if (!Array.isArray(value) || value.length !== type.members.length) throw misfit(type.text, value);
      for (const [index, member] of type.members.entries()) put(member, value[index], out, depth + 1);
      break;
    default:
      if (!putNumber(numberCode(type), value, out)) throw misfit(type.text, value);
  }
}

/** A file descriptor is the index of one: a `u`. */
function numberCode({ code }: GVariantType): string {
  return code === "h" ? "u" : code;
}

function text(type: GVariantType, value: GVariantValue): string {
  if (typeof value === "string" && !value.includes("\0") && value.isWellFormed()) return value;
  throw misfit(type.text, value);
}

function putSignature(signature: string, out: ByteWriter): void {
  dbusSignature(signature);
  out.u8(signature.length).put(Buffer.from(signature, "latin1")).u8(0);
}

/** The length of an array does not count the padding before its first item. */
function putArray(type: GVariantType, value: GVariantValue, out: ByteWriter, depth: number): void {
  const element = memberOf(type, 0);
  if (element.code === "y") {
    if (!(value instanceof Uint8Array)) throw misfit(type.text, value);
    out.u32(value.length, true).put(value);
    return;
  }
  if (element.code === "{" ? !(value instanceof Map) : !Array.isArray(value)) throw misfit(type.text, value);
  // Items are aligned from the start of the message, so they are written behind as many bytes as stand before them.
  const lengthAt = out.length;
  const items = new ByteWriter().zeros((lengthAt + 4) % 8).align(alignmentOf(element));
  const start = items.length;
  for (const item of value as Iterable<GVariantValue>) put(element, item, items, depth + 1);
  out.u32(items.length - start, true).align(alignmentOf(element));
  out.put(items.done().subarray(start));
}

function take(type: GVariantType, input: DbusInput, depth: number): GVariantValue {
  if (depth > depthLimit) throw malformed("nested too deep");
  const { reader, littleEndian } = input;
  reader.align(alignmentOf(type));
  switch (type.code) {
    case "b":
      return takeBoolean(reader.u32(littleEndian));
    case "s":
    case "o":
      return takeText(reader, reader.u32(littleEndian));
    case "g":
      return takeText(reader, reader.u8());
    case "v":
      return takeVariant(input, depth);
    case "a":
      return takeArray(type, input, depth);
    case "(":
    case "{":
      return type.members.map((member) => take(member, input, depth + 1));
    default:
      return readNumber(numberCode(type), reader.take(alignmentOf(type)), littleEndian);
  }
}

function takeBoolean(value: number): boolean {
  if (value > 1) throw malformed("a boolean that is neither 0 nor 1");
  return value === 1;
}

function takeText(reader: ByteReader, length: number): string {
  const bytes = Buffer.from(reader.take(length));
  const text = isUtf8(bytes) ? bytes.toString("utf8") : "\0";
  if (reader.u8() !== 0 || text.includes("\0")) throw malformed("a string that is not UTF-8 with a final NUL");
  return text;
}

function takeVariant(input: DbusInput, depth: number): GVariantValue {
  const signature = takeText(input.reader, input.reader.u8());
  const [type, ...more] = dbusSignature(signature);
  if (type === undefined || more.length > 0) throw malformed("a variant that is not of one type");
  return { type: signature, value: take(type, input, depth + 1) };
}

function takeArray(type: GVariantType, input: DbusInput, depth: number): GVariantValue {
  const { reader, littleEndian } = input;
  const element = memberOf(type, 0);
  const length = reader.u32(littleEndian);
  if (length > arrayLimit) throw malformed("an array of more than 64 MiB");
  reader.align(alignmentOf(element));
  if (element.code === "y") return Buffer.from(reader.take(length));
  const end = reader.offset + length;
  const items: GVariantValue[] = [];
  // Every item takes at least a byte of the message, so the count is bounded by its size.
  while (reader.offset < end) items.push(take(element, input, depth + 1));
  if (reader.offset !== end) throw malformed("an array that ends within an item");
  return element.code === "{" ? new Map(items as [string, GVariantValue][]) : items;
}
