// SPDX-License-Identifier: Apache-2.0
import { type GVariantValue, readGVariant, SerializedGVariant, type Variant, writeGVariant } from "../formats/index.ts";
import { swap64 } from "./file-object.ts";
import { type Checksum, checksumFromBytes, compareNames } from "./model.ts";

/** A ref as the summary announces it. */
export interface SummaryRef {
  readonly commit: Checksum;
  /** Size of the commit object in bytes. */
  readonly size: bigint;
  readonly metadata: ReadonlyMap<string, Variant>;
}

/** The file `summary` of a repository: what it has, in one file that can be signed. */
export interface Summary {
  /** Sorted by name in bytes. */
  readonly refs: ReadonlyMap<string, SummaryRef>;
  readonly metadata: ReadonlyMap<string, Variant>;
}

/** OSTREE_SUMMARY_GVARIANT_FORMAT */
const format = "(a(s(taya{sv}))a{sv})";

/** Keys of the metadata (ostree-repo-private.h). */
export const summaryKeys = {
  commitTimestamp: "ostree.commit.timestamp",
  commitVersion: "ostree.commit.version",
  lastModified: "ostree.summary.last-modified",
  mode: "ostree.summary.mode",
  tombstones: "ostree.summary.tombstone-commits",
  indexedDeltas: "ostree.summary.indexed-deltas",
  staticDeltas: "ostree.static-deltas",
  expires: "ostree.summary.expires",
  collectionId: "ostree.summary.collection-id",
  collectionMap: "ostree.summary.collection-map",
} as const;

type RawRef = [name: string, [size: bigint, checksum: Uint8Array, metadata: Map<string, Variant>]];

export function decodeSummary(bytes: Uint8Array, what = "summary"): Summary {
  const [refs, metadata] = readGVariant(format, bytes, what) as unknown as [RawRef[], Map<string, Variant>];
  return { metadata, refs: decodeRefs(refs, what) };
}

function decodeRefs(refs: readonly RawRef[], what: string): Map<string, SummaryRef> {
  return new Map(
    refs.map(([name, [size, checksum, metadata]]) => [
      name,
      { size, commit: checksumFromBytes(checksum, what), metadata },
    ]),
  );
}

export function encodeSummary(summary: Summary): Buffer {
  return writeGVariant(format, [refsValue(summary.refs, encodeRef), summary.metadata]);
}

/** Refs stand in the order of their names' bytes, so that equal content gives equal bytes. */
export function refsValue(
  refs: ReadonlyMap<string, SummaryRef>,
  valueOf: (ref: SummaryRef) => GVariantValue = refValue,
): GVariantValue {
  return [...refs].sort(([a], [b]) => compareNames(a, b)).map(([name, ref]): GVariantValue => [name, valueOf(ref)]);
}

function refValue({ size, commit, metadata }: SummaryRef): GVariantValue {
  return [size, Buffer.from(commit, "hex"), metadata];
}

function encodeRef(ref: SummaryRef): GVariantValue {
  const { size, commit, metadata } = ref;
  const timestamp = metadata.get(summaryKeys.commitTimestamp);
  if (metadata.size !== 1 || timestamp?.type !== "t") return refValue(ref);
  return filledTemplate(size, commit, timestamp.value as bigint);
}

/** Nearly all refs of a large repository have these three values and nothing else: they are put into a ready form. */
function filledTemplate(size: bigint, commit: Checksum, timestamp: bigint): SerializedGVariant {
  const bytes = Buffer.from(template);
  bytes.writeBigUInt64LE(size, 0);
  bytes.write(commit, 8, "hex");
  bytes.writeBigUInt64LE(timestamp, timestampAt);
  return new SerializedGVariant(bytes);
}

const mark = 0x0123456789abcdefn;
const template = writeGVariant("(taya{sv})", [
  0n,
  new Uint8Array(32),
  new Map([[summaryKeys.commitTimestamp, { type: "t", value: mark }]]),
]);
const markBytes = Buffer.alloc(8);
markBytes.writeBigUInt64LE(mark);
const timestampAt = template.indexOf(markBytes);

/** The refs that a summary has of each collection: the repository's own, and mirrored ones. */
export function summaryCollections(summary: Summary, what = "summary"): Map<string, ReadonlyMap<string, SummaryRef>> {
  const collections = new Map<string, ReadonlyMap<string, SummaryRef>>();
  const own = summary.metadata.get(summaryKeys.collectionId);
  if (own?.type === "s") collections.set(String(own.value), summary.refs);
  const map = summary.metadata.get(summaryKeys.collectionMap);
  if (map?.type !== "a{sa(s(taya{sv}))}") return collections;
  for (const [id, refs] of map.value as unknown as ReadonlyMap<string, readonly RawRef[]>) {
    collections.set(id, decodeRefs(refs, what));
  }
  return collections;
}

/** A 64-bit number as libostree keeps it inside of variants: big-endian. */
export function bigEndian(value: bigint): Variant {
  return { type: "t", value: swap64(value) };
}
