// SPDX-License-Identifier: Apache-2.0
/**
 * The superblock of a static delta, its signed form and the index of the deltas to one commit
 * (libostree ostree-repo-static-delta-private.h). The part files are in part-format.ts.
 */
import {
  gvariantItems,
  gvariantMembers,
  type GVariantValue,
  readGVariant,
  SerializedGVariant,
  type Variant,
  writeGVariant,
} from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { swap64 } from "../file-object.ts";
import { type Checksum, checksumFromBytes, type ObjectType, objectTypeNumbers } from "../model.ts";

/** Byte order of the sizes in a superblock, as its metadata key `ostree.endianness` says it. */
export type Endianness = "l" | "B";

/** An object that a delta makes or wants fetched. */
export interface DeltaObject {
  readonly type: ObjectType;
  readonly checksum: Checksum;
}

/** OSTREE_STATIC_DELTA_META_ENTRY_FORMAT: what the superblock says of a part file. */
export interface PartHeader {
  readonly version: number;
  /** SHA-256 of the part file. */
  readonly checksum: Checksum;
  /** Bytes of the part file. */
  readonly size: number;
  /** Bytes of the objects that the part makes, uncompressed. */
  readonly usize: number;
  /** The objects in the order in which the part makes them: 33 bytes each (`objectCount`, `objectAt`). */
  readonly objects: Uint8Array;
}

/** An object that is not in the parts but to be fetched by itself. */
export interface Fallback extends DeltaObject {
  /** Bytes as it is stored in an archive repository. */
  readonly size: number;
  readonly usize: number;
}

export interface Superblock {
  /** In the order of the file, which begins with it: flatpak recognises its bundles by the first key. */
  readonly metadata: ReadonlyMap<string, Variant>;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  /** Absent when the delta starts from nothing. */
  readonly from?: Checksum;
  readonly to: Checksum;
  /** The object of the commit `to`. */
  readonly commit: Uint8Array;
  /** Pairs of commits whose deltas must be applied before: nobody writes any. */
  readonly parents: number;
  readonly parts: readonly PartHeader[];
  readonly fallbacks: readonly Fallback[];
  readonly byteOrder: ByteOrder;
}

/** What is known of a superblock's byte order. */
export interface ByteOrder {
  /** `undefined`: nothing says it; numbers are then read in the machine's order, that is little-endian. */
  readonly endianness: Endianness | undefined;
  /** Whether it was guessed, for lack of the metadata key. */
  readonly guessed: boolean;
}

/** OSTREE_STATIC_DELTA_SUPERBLOCK_FORMAT */
const superblockType = "(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))";
const partHeaderType = "(uayttay)";
const fallbackType = "(yaytt)";
/** OSTREE_STATIC_DELTA_SIGNED_FORMAT */
const signedType = "(taya{sv})";
/** `OSTSGNDT` */
const signedMagic = 0x4f535453474e4454n;
const endiannessKey = "ostree.endianness";
/** One byte for the type, 32 for the checksum (OSTREE_STATIC_DELTA_OBJTYPE_CSUM_LEN). */
const objectLength = 33;

/** OSTREE_MAX_METADATA_SIZE bounds a superblock that comes from the network. One with inline parts may be larger. */
export const superblockLimit = 128 << 20;

/** A superblock of millions of tiny entries would take many times its size in memory; these are terabytes of objects. */
const partLimit = 1 << 16;
const fallbackLimit = 1 << 18;
/** Bytes of the metadata besides inline parts, for the same reason: a list of empty strings grows tenfold when it is read. */
const metadataLimit = 16 << 20;

export function objectCount(objects: Uint8Array): number {
  return objects.length / objectLength;
}

export function objectAt(objects: Uint8Array, index: number): DeltaObject {
  const start = index * objectLength;
  const checksum = checksumFromBytes(objects.subarray(start + 1, start + objectLength), "delta object");
  return { type: objectType(objects[start] ?? 0), checksum };
}

export function encodeObjects(objects: readonly DeltaObject[]): Buffer {
  return Buffer.concat(
    objects.flatMap(({ type, checksum }) => [Buffer.of(objectTypeNumbers[type]), Buffer.from(checksum, "hex")]),
  );
}

/** A delta makes content and metadata objects; tombstones, detached metadata and what is local have no checksum to hold. */
const deltaTypes: readonly ObjectType[] = ["file", "dirtree", "dirmeta", "commit"];

function objectType(number: number): ObjectType {
  const type = deltaTypes.find((type) => objectTypeNumbers[type] === number);
  if (type === undefined) throw ostreeError("corrupt-delta", `Invalid object type '${number}'`);
  return type;
}

/** With numbers as they stand in the file, read as little-endian. */
interface RawPart extends Omit<PartHeader, "size" | "usize"> {
  readonly size: bigint;
  readonly usize: bigint;
}

/** Bytes are views of the input. @param what name of the input, for errors */
export function decodeSuperblock(bytes: Uint8Array, what: string): Superblock {
  const members = gvariantMembers(superblockType, bytes, what);
  const [metadataBytes, timestamp, from, to, commit, parents, partBytes, fallbackBytes] = members as Members;
  checkMetadataSize(metadataBytes, what);
  const metadata = readGVariant("a{sv}", metadataBytes, what) as ReadonlyMap<string, Variant>;
  const rawParts = readAll(partHeaderType, partBytes, partLimit, what).map((fields) => rawPart(fields, what));
  const byteOrder = findByteOrder(metadata, rawParts);
  const swap = byteOrder.endianness === "B";
  return {
    metadata,
    timestamp: swap64(readGVariant("t", timestamp, what) as bigint),
    ...(from.length === 0 ? {} : { from: checksumFromBytes(from, what) }),
    to: checksumFromBytes(to, what),
    commit,
    parents: Math.floor(parents.length / 64),
    parts: rawParts.map((part) => partHeader(part, swap, what)),
    fallbacks: readAll(fallbackType, fallbackBytes, fallbackLimit, what).map((fields) => fallback(fields, swap, what)),
    byteOrder,
  };
}

function checkMetadataSize(bytes: Uint8Array, what: string): void {
  const entries = gvariantItems("(sv)", bytes, what);
  let size = 0;
  for (let index = 0; index < entries.count; index++) {
    const entry = entries.at(index);
    const [, value] = gvariantMembers("(sv)", entry, what) as [Uint8Array, Uint8Array];
    const type = Buffer.from(value.subarray(value.lastIndexOf(0) + 1)).toString("latin1");
    if (type !== "(yay)") size += entry.length;
  }
  if (size > metadataLimit) throw ostreeError("corrupt-delta", `${what}: ${size} bytes of metadata`);
}

type Bytes = Uint8Array;
/** The members of a superblock, serialized. */
type Members = [Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes];

function readAll(type: string, bytes: Uint8Array, limit: number, what: string): GVariantValue[][] {
  const items = gvariantItems(type, bytes, what);
  if (items.count > limit) throw ostreeError("corrupt-delta", `${what}: ${items.count} entries, more than ${limit}`);
  return Array.from(
    { length: items.count },
    (_, index) => readGVariant(type, items.at(index), what) as GVariantValue[],
  );
}

function rawPart(fields: GVariantValue[], what: string): RawPart {
  const [version, checksum, size, usize, objects] = fields as [number, Uint8Array, bigint, bigint, Uint8Array];
  if (objects.length % objectLength !== 0) {
    throw ostreeError("corrupt-delta", `${what}: Invalid checksum array length ${objects.length}`);
  }
  return { version, checksum: checksumFromBytes(checksum, what), size, usize, objects };
}

function partHeader(part: RawPart, swap: boolean, what: string): PartHeader {
  const version = swap ? swap32(part.version) : part.version;
  return { ...part, version, size: sizeOf(part.size, swap, what), usize: sizeOf(part.usize, swap, what) };
}

function fallback(fields: GVariantValue[], swap: boolean, what: string): Fallback {
  const [type, checksum, size, usize] = fields as [number, Uint8Array, bigint, bigint];
  return {
    type: objectType(type),
    checksum: checksumFromBytes(checksum, what),
    size: sizeOf(size, swap, what),
    usize: sizeOf(usize, swap, what),
  };
}

function swap32(value: number): number {
  return Buffer.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24).readUInt32BE();
}

function sizeOf(raw: bigint, swap: boolean, what: string): number {
  const size = swap ? swap64(raw) : raw;
  if (size <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(size);
  throw ostreeError("corrupt-delta", `${what}: absurd size ${size}`);
}

/** As _ostree_delta_get_endianness on a little-endian machine, which reads what it does not know as little-endian. */
function findByteOrder(metadata: ReadonlyMap<string, Variant>, parts: readonly RawPart[]): ByteOrder {
  const said = metadata.get(endiannessKey);
  if (said?.type === "y") {
    const letter = String.fromCharCode(said.value as number);
    return { endianness: letter === "l" || letter === "B" ? letter : undefined, guessed: false };
  }
  // Compressing does not make a fifth more of it, and no delta has objects of 4 GiB on the average.
  const grown = parts.some(({ size, usize }) => size > usize && Number(size) / Number(usize) > 1.2);
  const objects = parts.reduce((sum, part) => sum + objectCount(part.objects), 0);
  const total = BigInt.asUintN(
    64,
    parts.reduce((sum, { size }) => sum + size, 0n),
  );
  const huge = objects > 0 && total / BigInt(objects) > 0xffffffffn;
  return { endianness: grown || huge ? "B" : undefined, guessed: true };
}

/** What goes into a superblock; the metadata gets `ostree.endianness` where `metadata` does not have it. */
export interface NewSuperblock extends Omit<Superblock, "byteOrder" | "parents"> {
  readonly endianness: Endianness;
}

export function encodeSuperblock(superblock: NewSuperblock): Buffer {
  const { timestamp, from, to, commit, parts, fallbacks, endianness } = superblock;
  const order = (size: number) => (endianness === "B" ? swap64(BigInt(size)) : BigInt(size));
  const metadata = new Map(superblock.metadata);
  if (!metadata.has(endiannessKey)) metadata.set(endiannessKey, { type: "y", value: endianness.charCodeAt(0) });
  return writeGVariant(superblockType, [
    metadata,
    swap64(timestamp),
    Buffer.from(from ?? "", "hex"),
    Buffer.from(to, "hex"),
    new SerializedGVariant(commit),
    new Uint8Array(),
    parts.map(({ version, checksum, size, usize, objects }) => [
      endianness === "B" ? swap32(version) : version,
      Buffer.from(checksum, "hex"),
      order(size),
      order(usize),
      objects,
    ]),
    fallbacks.map(({ type, checksum, size, usize }) => [
      objectTypeNumbers[type],
      Buffer.from(checksum, "hex"),
      order(size),
      order(usize),
    ]),
  ]);
}

/** A superblock with signatures around it; the keys are `ostree.sign.TYPE`. */
export interface SignedDelta {
  readonly superblock: Uint8Array;
  readonly signatures: ReadonlyMap<string, Variant>;
}

/** `undefined` when the bytes are not a signed delta but, supposedly, a plain superblock. */
export function decodeSignedDelta(bytes: Uint8Array, what: string): SignedDelta | undefined {
  if (bytes.length < 8 || Buffer.from(bytes.subarray(0, 8)).readBigUInt64BE() !== signedMagic) return undefined;
  const [, superblock, signatures] = gvariantMembers(signedType, bytes, what) as [Uint8Array, Uint8Array, Uint8Array];
  return { superblock, signatures: readGVariant("a{sv}", signatures, what) as ReadonlyMap<string, Variant> };
}

export function encodeSignedDelta({ superblock, signatures }: SignedDelta): Buffer {
  return writeGVariant(signedType, [swap64(signedMagic), superblock, signatures]);
}

/** Key of the deltas in the summary and in an index: names to SHA-256 of superblock files. */
const deltasKey = "ostree.static-deltas";

/** `a{sv}` of names (`FROM-TO` or `TO`) to the SHA-256 of their superblock files, as summary and indexes hold it. */
export function digestsToVariant(digests: ReadonlyMap<string, Uint8Array>): Variant {
  return { type: "a{sv}", value: new Map([...digests].map(([name, value]) => [name, { type: "ay", value }])) };
}

/** Entries that are no names or no checksums are passed over, as libostree never asks for them. */
export function digestsFromMetadata(metadata: ReadonlyMap<string, Variant>): Map<string, Checksum> {
  const found = metadata.get(deltasKey);
  const digests = new Map<string, Checksum>();
  if (found?.type !== "a{sv}") return digests;
  for (const [name, { type, value }] of found.value as ReadonlyMap<string, Variant>) {
    if (type === "ay" && (value as Uint8Array).length === 32) {
      digests.set(name, checksumFromBytes(value as Uint8Array, name));
    }
  }
  return digests;
}

/** The file `delta-indexes/PP/REST.index`. */
export function encodeDeltaIndex(digests: ReadonlyMap<string, Uint8Array>): Buffer {
  return writeGVariant("a{sv}", new Map([[deltasKey, digestsToVariant(digests)]]));
}

export function decodeDeltaIndex(bytes: Uint8Array, what: string): Map<string, Checksum> {
  return digestsFromMetadata(readGVariant("a{sv}", bytes, what) as ReadonlyMap<string, Variant>);
}
