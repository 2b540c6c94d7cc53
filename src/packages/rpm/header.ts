// SPDX-License-Identifier: Apache-2.0
/** The header structure of RPM packages and databases: rpm.org, "RPM V4 Package format", and rpm's lib/header.c. */
import { isUtf8 } from "node:buffer";
import { ByteReader, decodeText } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import { regionTag, type RpmType, rpmTypes, type Tag, typeOfTag } from "./tags.ts";

/** lib/header.c, HEADER_TAGS_MAX and HEADER_DATA_MAX: a header that claims more wants our memory. */
export const headerLimits = { tags: 0xffff, data: 0x0fff_ffff } as const;
/** lib/header.c, `hdrblobVerifyLengths`: a signature header is smaller. */
export const signatureLimits = { tags: 32, data: 64 << 20 } as const;
/** lib/header.c, HEADER_ARRAY_MAX: elements of one array, a million files. */
const arrayLimit = 0x000f_ffff;
const entrySize = 16;

export interface HeaderEntry {
  readonly tag: number;
  readonly type: RpmType;
  readonly count: number;
  /** Of its data. */
  readonly offset: number;
  readonly length: number;
}

/** An entry with its data, big-endian, texts with their NULs. */
export interface HeaderValue {
  readonly tag: number;
  readonly type: RpmType;
  readonly count: number;
  readonly data: Buffer;
}

export function numbersValue({ number, type }: Tag<"char" | "int32">, values: readonly number[]): HeaderValue {
  const size = elementSizes[type];
  const data = Buffer.alloc(size * values.length);
  for (const [at, value] of values.entries()) data.writeUIntBE(value, at * size, size);
  return { tag: number, type, count: values.length, data };
}

const typeNames = new Map<number, RpmType>(Object.entries(rpmTypes).map(([name, number]) => [number, name as RpmType]));

/** Bytes of one element; 0 where strings end with a NUL. */
const elementSizes: Readonly<Record<RpmType, number>> = {
  char: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  string: 0,
  binary: 1,
  strings: 0,
  i18n: 0,
};

const isText = (type: RpmType) => elementSizes[type] === 0;

/** A decoded header. Its values are taken from the bytes when they are asked for. */
export class RpmHeader {
  /** Number of tags, number of data bytes, index and data: what is hashed and signed, but for the magic number before it. */
  readonly bytes: Buffer;
  /** Whether it has a region, as every header since rpm 4; without one the header is of format v3. */
  readonly region: boolean;
  readonly #entries: ReadonlyMap<number, HeaderEntry>;
  readonly #data: Buffer;
  readonly #what: string;

  constructor(bytes: Buffer, region: boolean, entries: ReadonlyMap<number, HeaderEntry>, data: Buffer, what: string) {
    this.bytes = bytes;
    this.region = region;
    this.#entries = entries;
    this.#data = data;
    this.#what = what;
  }

  /** The entries in the order of their tags' first appearance. */
  entries(): IterableIterator<HeaderEntry> {
    return this.#entries.values();
  }

  has(tag: Tag): boolean {
    return this.#entries.has(tag.number);
  }

  /** Elements of an entry; 0 where the tag is missing. */
  count(tag: Tag): number {
    return this.#entries.get(tag.number)?.count ?? 0;
  }

  /** A text; of a translated one the first, which is the one of the C locale. */
  string(tag: Tag<"string" | "i18n" | "strings">): string | undefined {
    const entry = this.#entries.get(tag.number);
    if (entry === undefined) return undefined;
    this.#requireText(entry);
    return this.#text(entry.offset).text;
  }

  /** All texts of an array; none where the tag is missing. */
  strings(tag: Tag<"string" | "i18n" | "strings">): string[] {
    const entry = this.#entries.get(tag.number);
    if (entry === undefined) return [];
    this.#requireText(entry);
    const found: string[] = [];
    for (let at = entry.offset; found.length < entry.count;) {
      const { text, next } = this.#text(at);
      found.push(text);
      at = next;
    }
    return found;
  }

  /** All numbers of an array, unsigned; none where the tag is missing. A number beyond 2^53 is refused. */
  numbers(tag: Tag<"char" | "int8" | "int16" | "int32" | "int64">): number[] {
    const entry = this.#entries.get(tag.number);
    if (entry === undefined) return [];
    const size = elementSizes[entry.type];
    if (size === 0 || entry.type === "binary") throw this.#wrongType(entry);
    return Array.from({ length: entry.count }, (_, index) => this.#number(entry, entry.offset + index * size, size));
  }

  number(tag: Tag<"char" | "int8" | "int16" | "int32" | "int64">): number | undefined {
    return this.numbers(tag)[0];
  }

  /** Whether a tag's texts are UTF-8; those that are not are read as ISO 8859-1. */
  isUtf8(tag: Tag<"string" | "i18n" | "strings">): boolean {
    const entry = this.#entries.get(tag.number);
    return entry === undefined || isUtf8(this.#data.subarray(entry.offset, entry.offset + entry.length));
  }

  /** An entry's data as it stands. */
  raw(number: number): HeaderValue | undefined {
    const entry = this.#entries.get(number);
    if (entry === undefined) return undefined;
    const { type, count, offset, length } = entry;
    return { tag: number, type, count, data: this.#data.subarray(offset, offset + length) };
  }

  binary(tag: Tag<"binary">): Buffer | undefined {
    const entry = this.#entries.get(tag.number);
    if (entry === undefined) return undefined;
    if (entry.type !== "binary") throw this.#wrongType(entry);
    return this.#data.subarray(entry.offset, entry.offset + entry.length);
  }

  #number(entry: HeaderEntry, at: number, size: number): number {
    if (size < 8) return this.#data.readUIntBE(at, size);
    const value = this.#data.readBigUInt64BE(at);
    if (value > Number.MAX_SAFE_INTEGER) throw packageError("rpm", `${this.#what}: tag ${entry.tag} is ${value}`);
    return Number(value);
  }

  #text(at: number): { readonly text: string; readonly next: number } {
    const end = this.#data.indexOf(0, at);
    // Headers older than RPMTAG_ENCODING may be in any encoding.
    return { text: decodeText(this.#data.subarray(at, end)), next: end + 1 };
  }

  #requireText(entry: HeaderEntry): void {
    if (!isText(entry.type)) throw this.#wrongType(entry);
  }

  #wrongType(entry: HeaderEntry): Error {
    return packageError("rpm", `${this.#what}: tag ${entry.tag} is of type ${entry.type}`);
  }
}

/** The sizes in a header's first eight bytes, held against `limits` before anything is allocated for them. */
export function readHeaderSizes(
  first: Uint8Array,
  limits: { readonly tags: number; readonly data: number },
  what: string,
): { readonly tags: number; readonly data: number; readonly length: number } {
  const reader = new ByteReader(first, what);
  const tags = reader.u32();
  const data = reader.u32();
  if (tags > limits.tags) throw packageError("rpm", `${what}: claims ${tags} tags, more than ${limits.tags}`);
  if (data > limits.data) throw packageError("rpm", `${what}: claims ${data} bytes, more than ${limits.data}`);
  return { tags, data, length: 8 + tags * entrySize + data };
}

export interface DecodeHeaderOptions {
  /** `package`: the region is the whole header; `signature`: types cannot be checked; `database`: tags follow the region. */
  readonly kind: "package" | "signature" | "database";
}

/**
 * Decodes a header: sizes, index, data, without the magic number before them. Every entry is checked as rpm's
 * `hdrblobVerifyRegion` and `hdrblobVerifyInfo` do. Throws `packages-rpm`.
 */
export function decodeHeader(bytes: Buffer, what: string, { kind }: DecodeHeaderOptions): RpmHeader {
  const limits = kind === "signature" ? signatureLimits : headerLimits;
  const sizes = readHeaderSizes(bytes.subarray(0, 8), limits, what);
  if (sizes.length !== bytes.length) {
    throw packageError("rpm", `${what}: is of ${bytes.length} bytes, its sizes say ${sizes.length}`);
  }
  const index = new ByteReader(bytes.subarray(8, 8 + sizes.tags * entrySize), what);
  const data = bytes.subarray(8 + sizes.tags * entrySize);
  const raw = Array.from({ length: sizes.tags }, () => readEntry(index));
  const region = checkRegion(raw, data, kind, what);
  const entries = new Map<number, HeaderEntry>();
  let end = 0;
  for (const [at, one] of raw.slice(region === undefined ? 0 : 1).entries()) {
    const entry = checkEntry(one, data, end, kind !== "signature" && region !== undefined, what);
    end = entry.offset + entry.length;
    if (region !== undefined && end > region.end - entrySize && entry.offset < region.end) {
      throw packageError("rpm", `${what}: tag ${entry.tag} reaches into the end of the region`);
    }
    // In a database what follows the region replaces what is in it (`hdrblobImport`, "dribble entries").
    if (entries.has(entry.tag) && !(kind === "database" && at + 1 >= (region?.tags ?? 0))) {
      throw packageError("rpm", `${what}: has tag ${entry.tag} twice`);
    }
    entries.set(entry.tag, entry);
  }
  return new RpmHeader(bytes, region !== undefined, entries, data, what);
}

interface RawEntry {
  readonly tag: number;
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

function readEntry(reader: ByteReader): RawEntry {
  return { tag: reader.u32(), type: reader.u32(), offset: reader.u32(), count: reader.u32() };
}

interface Region {
  /** Entries of the region, its own one with them. */
  readonly tags: number;
  /** Where its data ends. */
  readonly end: number;
}

/** `hdrblobVerifyRegion`. `undefined`: a header of format v3, which has none. */
function checkRegion(
  raw: readonly RawEntry[],
  data: Buffer,
  kind: DecodeHeaderOptions["kind"],
  what: string,
): Region | undefined {
  const first = raw[0];
  if (first === undefined) throw packageError("rpm", `${what}: has no tags`);
  const wanted: readonly number[] =
    kind === "package"
      ? [regionTag.immutable]
      : kind === "signature"
        ? [regionTag.signatures]
        : [regionTag.immutable, regionTag.image];
  if (!wanted.includes(first.tag)) return undefined;
  const bad = (why: string) => packageError("rpm", `${what}: the region ${why}`);
  if (first.type !== rpmTypes.binary || first.count !== entrySize) throw bad("is no region");
  const end = first.offset + entrySize;
  if (end > data.length) throw bad("ends outside of the data");
  const trailer = readEntry(new ByteReader(data.subarray(first.offset, end), what));
  // Some old packages end the region of signatures with the tag of another one.
  const named = trailer.tag === first.tag || (kind === "signature" && trailer.tag === regionTag.image);
  if (!named || trailer.type !== rpmTypes.binary || trailer.count !== entrySize) throw bad("has no proper end");
  // The end's offset is the negative size of the region's index.
  const size = -(trailer.offset | 0);
  if (size < entrySize || size % entrySize !== 0 || size / entrySize > raw.length) throw bad(`has ${size} bytes`);
  const tags = size / entrySize;
  if (kind === "package" && (tags !== raw.length || end !== data.length)) throw bad("is not the whole header");
  return { tags, end };
}

/** `hdrblobVerifyInfo`. @param from where the data before this one ends: data that overlaps is refused */
function checkEntry(raw: RawEntry, data: Buffer, from: number, typed: boolean, what: string): HeaderEntry {
  const bad = (why: string) => packageError("rpm", `${what}: tag ${raw.tag} ${why}`);
  if (raw.tag < 100) throw bad("is not allowed here");
  const type = typeNames.get(raw.type);
  if (type === undefined) throw bad(`is of the unknown type ${raw.type}`);
  if (raw.count < 1 || raw.count > data.length) throw bad(`has ${raw.count} elements`);
  if (type !== "binary" && raw.count > arrayLimit) throw bad(`has ${raw.count} elements, more than ${arrayLimit}`);
  if (raw.offset < from || raw.offset > data.length) throw bad("lies over other data or outside of it");
  const size = elementSizes[type];
  if (size > 1 && raw.offset % size !== 0) throw bad("is not aligned");
  if (typed) {
    const declared = typeOfTag.get(raw.tag);
    if (declared !== undefined && declared !== type && !(isText(declared) && isText(type))) {
      throw bad(`is of type ${type}, not ${declared}`);
    }
  }
  if (type === "string" && raw.count !== 1) throw bad(`is one text with ${raw.count} elements`);
  const length = size === 0 ? textLength(data, raw.offset, raw.count) : size * raw.count;
  if (length === undefined || raw.offset + length > data.length) throw bad("ends outside of the data");
  return { tag: raw.tag, type, count: raw.count, offset: raw.offset, length };
}

/** Bytes of `count` texts with their NULs, or `undefined` when the data ends before. */
function textLength(data: Buffer, offset: number, count: number): number | undefined {
  let at = offset;
  for (let done = 0; done < count; done++) {
    const end = data.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  return at - offset;
}

/**
 * A header with entries after its region, as databases keep them: what was signed stays byte for byte (lib/header.c,
 * `doExport`, "dribbles"). The header must have a region that is all of it.
 */
export function encodeAfterRegion(header: RpmHeader, values: readonly HeaderValue[]): Buffer {
  if (!header.region) throw new Error("a header without a region");
  const tags = header.bytes.readUInt32BE(0);
  const index = [header.bytes.subarray(8, 8 + tags * entrySize)];
  const data = [header.bytes.subarray(8 + tags * entrySize)];
  let size = data[0]!.length;
  for (const value of [...values].sort((a, b) => a.tag - b.tag)) {
    const alignment = elementSizes[value.type] || 1;
    const padding = (alignment - (size % alignment)) % alignment;
    const entry = Buffer.alloc(entrySize);
    for (const [at, word] of [value.tag, rpmTypes[value.type], size + padding, value.count].entries()) {
      entry.writeUInt32BE(word, 4 * at);
    }
    index.push(entry);
    data.push(Buffer.alloc(padding), value.data);
    size += padding + value.data.length;
  }
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(tags + values.length, 0);
  sizes.writeUInt32BE(size, 4);
  return Buffer.concat([sizes, ...index, ...data]);
}
