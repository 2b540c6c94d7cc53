// SPDX-License-Identifier: Apache-2.0
import { type GVariantValue, readGVariant, type Variant, writeGVariant } from "../formats/index.ts";
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
  return {
    metadata,
    refs: new Map(
      refs.map(([name, [size, checksum, metadata]]) => [
        name,
        { size, commit: checksumFromBytes(checksum, what), metadata },
      ]),
    ),
  };
}

/** Refs are written in the order of their names' bytes, so that equal content gives equal bytes. */
export function encodeSummary(summary: Summary): Buffer {
  const names = [...summary.refs.keys()].sort(compareNames);
  const refs = names.map((name): GVariantValue => {
    const ref = summary.refs.get(name)!;
    return [name, [ref.size, Buffer.from(ref.commit, "hex"), ref.metadata]];
  });
  return writeGVariant(format, [refs, summary.metadata]);
}

/** A 64-bit number as libostree keeps it inside of variants: big-endian. */
export function bigEndian(value: bigint): Variant {
  return { type: "t", value: swap64(value) };
}
