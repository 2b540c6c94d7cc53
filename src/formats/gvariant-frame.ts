// SPDX-License-Identifier: Apache-2.0
/**
 * Containers of serialized GVariant without their content: where the members of a tuple and the items of an array lie
 * (GVariant specification 2.4). For values of which only parts are wanted, or whose serialized bytes count.
 */
import { formatError } from "./errors.ts";
import { alignUp, gvariantType, type GVariantType } from "./gvariant-type.ts";

/** Bytes that are a value of the type that they stand for: `writeGVariant` takes them as they are. */
export class SerializedGVariant {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/**
 * The serialized members of a tuple, as views of `bytes`. Only the tuple's own frame is checked, not the members.
 * @param what name of the input, for errors
 */
export function gvariantMembers(type: string, bytes: Uint8Array, what: string): Uint8Array[] {
  return tupleSlices(gvariantType(type), bytes, { what, depth: 0 });
}

/** An array of serialized items, found one at a time: an array of a million tiny items costs nothing. */
export interface GVariantItems {
  readonly count: number;
  /** The serialized item, a view; throws when there is none of this number. */
  at(index: number): Uint8Array;
}

/** @param type of the items. Only what is looked at is checked. */
export function gvariantItems(type: string, bytes: Uint8Array, what: string): GVariantItems {
  const { fixedSize, alignment } = gvariantType(type);
  const at: Reading = { what, depth: 0 };
  if (fixedSize > 0) {
    const count = bytes.length / fixedSize;
    if (!Number.isInteger(count)) throw malformed(what, `array of ${type} with part of an item`);
    return indexed(count, at, (index) => bytes.subarray(index * fixedSize, (index + 1) * fixedSize));
  }
  const frame = arrayFrame(bytes, at);
  return indexed(frame.count, at, (index) => {
    const previous = index === 0 ? 0 : itemEnd(bytes, frame, index - 1, at);
    return slice(bytes, previous, itemEnd(bytes, frame, index, at), frame.table, alignment, at);
  });
}

function indexed(count: number, { what }: Reading, find: (index: number) => Uint8Array): GVariantItems {
  return {
    count,
    at(index) {
      if (Number.isInteger(index) && index >= 0 && index < count) return find(index);
      throw malformed(what, `no item ${index} in an array of ${count}`);
    },
  };
}

export interface Reading {
  readonly what: string;
  readonly depth: number;
}

export function malformed(what: string, detail: string) {
  return formatError("gvariant-malformed", `${what}: ${detail}`);
}

export function deeper(at: Reading): Reading {
  return { what: at.what, depth: at.depth + 1 };
}

export function memberOf(type: GVariantType, index: number): GVariantType {
  const member = type.members[index];
  if (!member) throw new Error(`type ${type.text} has no member ${index}`);
  return member;
}

/** Where the offset table of an array of items of variable size begins, and how many items there are. */
export interface ArrayFrame {
  readonly table: number;
  readonly count: number;
  readonly offsetSize: 1 | 2 | 4 | 8;
}

export function arrayFrame(bytes: Uint8Array, at: Reading): ArrayFrame {
  const { length } = bytes;
  const size = offsetSize(length);
  if (length === 0) return { table: 0, count: 0, offsetSize: size };
  const table = offset(bytes, length - size, size, at);
  const count = (length - table) / size;
  if (count < 1 || !Number.isInteger(count)) throw malformed(at.what, "an array with a bad offset table");
  return { table, count, offsetSize: size };
}

export function itemEnd(bytes: Uint8Array, frame: ArrayFrame, index: number, at: Reading): number {
  return offset(bytes, frame.table + index * frame.offsetSize, frame.offsetSize, at);
}

export function tupleSlices(type: GVariantType, bytes: Uint8Array, at: Reading): Uint8Array[] {
  const { members } = type;
  const size = offsetSize(bytes.length);
  const table = bytes.length - type.framed * size;
  if (table < 0) throw malformed(at.what, `too short for type ${type.text}`);
  const slices: Uint8Array[] = [];
  let start = 0;
  let nextOffset = bytes.length;
  for (const [index, member] of members.entries()) {
    let end = table;
    if (member.fixedSize > 0) end = alignUp(start, member.alignment) + member.fixedSize;
    else if (index < members.length - 1) end = offset(bytes, (nextOffset -= size), size, at);
    slices.push(slice(bytes, start, end, table, member.alignment, at));
    start = end;
  }
  if (type.fixedSize > 0) slice(bytes, start, table, table, 1, at);
  else if (start !== table) throw malformed(at.what, `bytes after the last member of ${type.text}`);
  return slices;
}

/** A member's bytes: between its aligned start and its end, inside the body, with zeros as padding. */
export function slice(
  bytes: Uint8Array,
  previousEnd: number,
  end: number,
  limit: number,
  alignment: number,
  at: Reading,
): Uint8Array {
  const start = alignUp(previousEnd, alignment);
  if (start > end || end > limit) throw malformed(at.what, `a member from ${start} to ${end} of ${limit} bytes`);
  for (let index = previousEnd; index < start; index++) {
    if (bytes[index] !== 0) throw malformed(at.what, "padding that is not zero");
  }
  return bytes.subarray(start, end);
}

/** Bytes of each framing offset: it follows from the container's size. */
function offsetSize(length: number): 1 | 2 | 4 | 8 {
  return length <= 0xff ? 1 : length <= 0xffff ? 2 : length <= 0xffffffff ? 4 : 8;
}

function offset(bytes: Uint8Array, position: number, size: 1 | 2 | 4 | 8, at: Reading): number {
  if (position < 0 || position + size > bytes.length) throw malformed(at.what, "a missing offset table");
  let value = 0;
  for (let index = size - 1; index >= 0; index--) value = value * 256 + (bytes[position + index] ?? 0);
  return value;
}

/** Bytes of each of `count` offsets behind a body: as few as address the whole container, offsets included. */
export function offsetSizeOf(body: number, count: number): 1 | 2 | 4 | 8 {
  return ([1, 2, 4] as const).find((size) => body + count * size < 2 ** (8 * size)) ?? 8;
}
