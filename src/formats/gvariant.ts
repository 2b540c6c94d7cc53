// SPDX-License-Identifier: Apache-2.0
/**
 * Serialized GVariant, little-endian (GVariant specification 1.0; glib/gvariant-serialiser.c).
 *
 * Values in JavaScript: `y n q i u h d` number, `x t` bigint, `b` boolean, `s o g` string, `ay` Uint8Array,
 * other arrays and tuples Array, `a{..}` Map (of equal keys the first counts, as in g_variant_lookup), `m` value or null,
 * `v` Variant.
 */
import { ByteWriter } from "../base/index.ts";
import { formatError } from "./errors.ts";
import {
  arrayFrame,
  deeper,
  itemEnd,
  malformed,
  memberOf,
  offsetSizeOf,
  type Reading,
  SerializedGVariant,
  slice,
  tupleSlices,
} from "./gvariant-frame.ts";
import { putNumber, readNumber } from "./gvariant-number.ts";
import { depthLimit, gvariantType, type GVariantType } from "./gvariant-type.ts";

/** A value together with its type string: what `v` holds. */
export interface Variant {
  readonly type: string;
  readonly value: GVariantValue;
}

export type GVariantValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | null
  | Variant
  | SerializedGVariant
  | readonly GVariantValue[]
  | ReadonlyMap<string | number | bigint | boolean, GVariantValue>;

/** Serializes `value` as `type`. Programmer's and user's misfits alike throw `formats-gvariant-value`. */
export function writeGVariant(type: string, value: GVariantValue): Buffer {
  const out = new ByteWriter();
  put(gvariantType(type), value, out);
  return out.done();
}

/**
 * Reads a whole serialized value. Only the normal form is accepted, as in g_variant_is_normal_form.
 * Byte arrays are views of `bytes`.
 * @param what name of the input, for errors
 */
export function readGVariant(type: string, bytes: Uint8Array, what: string): GVariantValue {
  return get(gvariantType(type), bytes, { what, depth: 0 });
}

function put(type: GVariantType, value: GVariantValue, out: ByteWriter): void {
  out.align(type.alignment);
  if (value instanceof SerializedGVariant) {
    out.put(value.bytes);
    return;
  }
  switch (type.code) {
    case "b":
      if (typeof value !== "boolean") throw misfit(type, value);
      out.u8(value ? 1 : 0);
      break;
    case "s":
    case "o":
    case "g":
      if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) throw misfit(type, value);
      out.put(Buffer.from(value)).u8(0);
      break;
    case "v":
      putVariant(type, value, out);
      break;
    case "m":
      putMaybe(type, value, out);
      break;
    case "a":
      putArray(type, value, out);
      break;
    case "(":
    case "{":
      putTuple(type, value, out);
      break;
    default:
      if (!putNumber(numberCode(type), value, out)) throw misfit(type, value);
  }
}

function misfit(type: GVariantType, value: unknown) {
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : `a ${typeof value}`;
  return formatError("gvariant-value", `${shown} cannot be written as GVariant type ${type.text}`);
}

/** A handle is written as an `i` (g_variant_new_handle). */
function numberCode({ code }: GVariantType): string {
  return code === "h" ? "i" : code;
}

export function isVariant(value: GVariantValue): value is Variant {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function putVariant(type: GVariantType, value: GVariantValue, out: ByteWriter): void {
  if (!isVariant(value)) throw misfit(type, value);
  put(gvariantType(value.type), value.value, out);
  out.u8(0).put(Buffer.from(value.type));
}

function putMaybe(type: GVariantType, value: GVariantValue, out: ByteWriter): void {
  if (value === null) return;
  const element = memberOf(type, 0);
  put(element, value, out);
  if (element.fixedSize === 0) out.u8(0);
}

function putArray(type: GVariantType, value: GVariantValue, out: ByteWriter): void {
  const element = memberOf(type, 0);
  if (element.code === "y") {
    if (!(value instanceof Uint8Array)) throw misfit(type, value);
    out.put(value);
    return;
  }
  if (element.code === "{" ? !(value instanceof Map) : !Array.isArray(value)) throw misfit(type, value);
  const start = out.length;
  const ends: number[] = [];
  for (const item of value as Iterable<GVariantValue>) {
    put(element, item, out);
    if (element.fixedSize === 0) ends.push(out.length - start);
  }
  putOffsets(ends, start, out);
}

function putTuple(type: GVariantType, value: GVariantValue, out: ByteWriter): void {
  const { members } = type;
  if (!Array.isArray(value) || value.length !== members.length) throw misfit(type, value);
  const start = out.length;
  const ends: number[] = [];
  for (const [index, member] of members.entries()) {
    put(member, value[index] as GVariantValue, out);
    if (member.fixedSize === 0 && index < members.length - 1) ends.unshift(out.length - start);
  }
  if (type.fixedSize > 0) out.zeros(type.fixedSize - (out.length - start));
  putOffsets(ends, start, out);
}

/** Framing offsets: each as small as lets it address the whole container, offsets included (specification 2.4.2). */
function putOffsets(ends: readonly number[], start: number, out: ByteWriter): void {
  if (ends.length === 0) return;
  const body = out.length - start;
  const size = offsetSizeOf(body, ends.length);
  for (const end of ends) {
    if (size === 1) out.u8(end);
    else if (size === 2) out.u16(end, true);
    else if (size === 4) out.u32(end, true);
    else out.u64(BigInt(end), true);
  }
}

function get(type: GVariantType, bytes: Uint8Array, at: Reading): GVariantValue {
  if (type.fixedSize > 0 && bytes.length !== type.fixedSize) {
    throw malformed(at.what, `${bytes.length} bytes for type ${type.text}, which has ${type.fixedSize}`);
  }
  if (at.depth > depthLimit) throw malformed(at.what, "nested too deep");
  switch (type.code) {
    case "b":
      return getBoolean(bytes, at);
    case "s":
    case "o":
    case "g":
      return getString(bytes, at);
    case "a":
      return getArray(type, bytes, at);
    case "v":
      return getVariant(bytes, at);
    case "m":
      return getMaybe(type, bytes, at);
    case "(":
    case "{":
      return getTuple(type, bytes, at);
    default:
      return readNumber(numberCode(type), bytes, true);
  }
}

function getBoolean(bytes: Uint8Array, at: Reading): boolean {
  const [value] = bytes;
  if (value !== 0 && value !== 1) throw malformed(at.what, "a boolean that is neither 0 nor 1");
  return value === 1;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Longest string that is first tried as ASCII: names mostly are, and the decoder costs more than they do. */
const shortString = 64;

function getString(bytes: Uint8Array, at: Reading): string {
  const length = bytes.length - 1;
  if (length < 0 || bytes.indexOf(0) !== length) throw malformed(at.what, "a string without its single final NUL");
  const plain = length <= shortString ? shortAscii(bytes, length) : undefined;
  if (plain !== undefined) return plain;
  try {
    return utf8.decode(bytes.subarray(0, length));
  } catch (cause) {
    throw formatError("gvariant-malformed", `${at.what}: a string that is not UTF-8`, { cause });
  }
}

function shortAscii(bytes: Uint8Array, length: number): string | undefined {
  for (let index = 0; index < length; index++) if ((bytes[index] ?? 0) > 0x7f) return undefined;
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, length);
  return buffer.toString("latin1", 0, length);
}

function getVariant(bytes: Uint8Array, at: Reading): Variant {
  const separator = bytes.lastIndexOf(0);
  if (separator < 0) throw malformed(at.what, "a variant without a type");
  const type = Buffer.from(bytes.subarray(separator + 1)).toString("latin1");
  return { type, value: get(gvariantType(type), bytes.subarray(0, separator), deeper(at)) };
}

function getMaybe(type: GVariantType, bytes: Uint8Array, at: Reading): GVariantValue {
  if (bytes.length === 0) return null;
  const element = memberOf(type, 0);
  if (element.fixedSize > 0) return get(element, bytes, deeper(at));
  if (bytes[bytes.length - 1] !== 0) throw malformed(at.what, "a maybe without its final NUL");
  return get(element, bytes.subarray(0, -1), deeper(at));
}

function getArray(type: GVariantType, bytes: Uint8Array, at: Reading): GVariantValue {
  const element = memberOf(type, 0);
  if (element.code === "y") return bytes;
  const items = element.fixedSize > 0 ? fixedItems(element, bytes, at) : variableItems(element, bytes, at);
  if (element.code !== "{") return items;
  const map = new Map<string | number | bigint | boolean, GVariantValue>();
  for (const [key, value] of items as [string, GVariantValue][]) if (!map.has(key)) map.set(key, value);
  return map;
}

function fixedItems(element: GVariantType, bytes: Uint8Array, at: Reading): GVariantValue[] {
  const count = bytes.length / element.fixedSize;
  if (!Number.isInteger(count)) throw malformed(at.what, `array of ${element.text} with part of an item`);
  return Array.from({ length: count }, (_, index) =>
    get(element, bytes.subarray(index * element.fixedSize, (index + 1) * element.fixedSize), deeper(at)),
  );
}

function variableItems(element: GVariantType, bytes: Uint8Array, at: Reading): GVariantValue[] {
  const frame = arrayFrame(bytes, at);
  const inner = deeper(at);
  const items: GVariantValue[] = [];
  let start = 0;
  for (let index = 0; index < frame.count; index++) {
    const end = itemEnd(bytes, frame, index, at);
    items.push(get(element, slice(bytes, start, end, frame.table, element.alignment, at), inner));
    start = end;
  }
  return items;
}

function getTuple(type: GVariantType, bytes: Uint8Array, at: Reading): GVariantValue[] {
  const inner = deeper(at);
  const values: GVariantValue[] = tupleSlices(type, bytes, at);
  for (let index = 0; index < values.length; index++) {
    values[index] = get(memberOf(type, index), values[index] as Uint8Array, inner);
  }
  return values;
}
