// SPDX-License-Identifier: Apache-2.0
import { formatError } from "./errors.ts";

/** A type of the GVariant specification with what serialization must know of it. */
export interface GVariantType {
  /** First letter of the type string; `a`, `m`, `(`, `{` have `members`. */
  readonly code: string;
  readonly text: string;
  readonly alignment: 1 | 2 | 4 | 8;
  /** Bytes, when all values of the type have the same size; else 0. */
  readonly fixedSize: number;
  /** Element of an array or maybe; members of a tuple or dictionary entry. */
  readonly members: readonly GVariantType[];
  /** Members of a tuple that have a framing offset: those of variable size, except the last member. */
  readonly framed: number;
}

/** GLib's G_VARIANT_MAX_RECURSION_DEPTH: deeper nesting would exhaust the stack. */
export const depthLimit = 128;

const basicSizes: Readonly<Record<string, 0 | 1 | 2 | 4 | 8>> = {
  y: 1,
  b: 1,
  n: 2,
  q: 2,
  i: 4,
  u: 4,
  x: 8,
  t: 8,
  h: 4,
  d: 8,
  s: 0,
  o: 0,
  g: 0,
};

const known = new Map<string, GVariantType>();
/** Types come also from untrusted variants: the table must not grow without end. */
const knownLimit = 1000;

/** Parses a single complete type string such as `a{sv}`. */
export function gvariantType(text: string): GVariantType {
  const found = known.get(text);
  if (found) return found;
  const [type, end] = parse(text, 0, 0);
  if (end !== text.length) throw invalid(text);
  if (known.size < knownLimit) known.set(text, type);
  return type;
}

function invalid(text: string) {
  return formatError("gvariant-type", `${JSON.stringify(text.slice(0, 100))} is not a GVariant type`);
}

function parse(text: string, start: number, depth: number): [GVariantType, number] {
  const code = text[start] ?? "";
  if (depth > depthLimit) throw invalid(text);
  const size = basicSizes[code];
  if (size !== undefined) return [basic(code, size), start + 1];
  if (code === "v") return [{ code, text: code, alignment: 8, fixedSize: 0, members: [], framed: 0 }, start + 1];
  if (code === "a" || code === "m") {
    const [element, end] = parse(text, start + 1, depth + 1);
    const whole = text.slice(start, end);
    return [{ code, text: whole, alignment: element.alignment, fixedSize: 0, members: [element], framed: 0 }, end];
  }
  if (code === "(" || code === "{") return parseTuple(text, start, depth);
  throw invalid(text);
}

function basic(code: string, size: 0 | 1 | 2 | 4 | 8): GVariantType {
  return { code, text: code, alignment: size === 0 ? 1 : size, fixedSize: size, members: [], framed: 0 };
}

function parseTuple(text: string, start: number, depth: number): [GVariantType, number] {
  const code = text[start] as "(" | "{";
  const close = code === "(" ? ")" : "}";
  const members: GVariantType[] = [];
  let at = start + 1;
  while (at < text.length && text[at] !== close) {
    const [member, end] = parse(text, at, depth + 1);
    members.push(member);
    at = end;
  }
  if (text[at] !== close) throw invalid(text);
  // Only `a{..}` may hold an entry, and its key must be basic (specification 2.3.5).
  if (code === "{" && (text[start - 1] !== "a" || members.length !== 2 || !isBasic(members[0]))) throw invalid(text);
  return [tuple(code, text.slice(start, at + 1), members), at + 1];
}

function isBasic(type: GVariantType | undefined): boolean {
  return type !== undefined && type.code in basicSizes;
}

function tuple(code: string, text: string, members: readonly GVariantType[]): GVariantType {
  const alignment = members.reduce<1 | 2 | 4 | 8>((most, { alignment }) => (alignment > most ? alignment : most), 1);
  const framed = members.filter(({ fixedSize }, index) => fixedSize === 0 && index < members.length - 1).length;
  let size = 0;
  for (const member of members) {
    if (member.fixedSize === 0) return { code, text, alignment, fixedSize: 0, members, framed };
    size = alignUp(size, member.alignment) + member.fixedSize;
  }
  // The unit tuple takes one byte (specification 2.5.4).
  return { code, text, alignment, fixedSize: Math.max(1, alignUp(size, alignment)), members, framed: 0 };
}

export function alignUp(offset: number, alignment: number): number {
  return offset + ((alignment - (offset % alignment)) % alignment);
}
