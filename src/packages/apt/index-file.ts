// SPDX-License-Identifier: Apache-2.0
/**
 * A Packages index in the form that is quick to load: the values that are needed, one line each, and tables of names
 * and of what is provided. A package is decoded when it is asked for: of 68,000 a solution looks at some hundreds.
 * The parts of the cache file are names, provides, offsets (u32 each, count + 1), records.
 */
import { bytesOf, decodeCacheFile, encodeCacheFile, uint32Part } from "../cache-file.ts";
import { IndexTable } from "./index-table.ts";

/**
 * The fields kept, in the order of a record's lines. From Pre-Depends to Provides it is the order in which apt's cache
 * meets names (debListParser::NewVersion), which decides between providers that are equal otherwise.
 */
export const indexFields = [
  "Package",
  "Version",
  "Architecture",
  "Pre-Depends",
  "Depends",
  "Conflicts",
  "Breaks",
  "Recommends",
  "Suggests",
  "Replaces",
  "Enhances",
  "Provides",
  "Source",
  "Essential",
  "Protected",
  "Important",
  "Priority",
  "Section",
  "Multi-Arch",
  "Installed-Size",
  "Filename",
  "Size",
  "SHA256",
  "Description",
] as const;

export type IndexField = (typeof indexFields)[number];

export const fieldNumber: Readonly<Record<IndexField, number>> = Object.fromEntries(
  indexFields.map((name, number) => [name, number]),
) as Record<IndexField, number>;

/** To be raised with every change of the form or of the fields: caches of another version are made anew. */
const version = "deb-packages 4";

export interface PackageIndex {
  readonly count: number;
  /** Name -> the numbers of the packages of that name. */
  readonly names: IndexTable;
  /** What is provided -> the numbers of the packages that provide it. */
  readonly provides: IndexTable;
  /** Numbers of the packages that are Essential or of priority required. */
  readonly essential: readonly number[];
  /** Offset of each package's record in `records`, and the end of the last. */
  readonly offsets: Uint32Array;
  readonly records: Buffer;
}

/** The values of one package, by `fieldNumber`. */
export function readRecord(index: PackageIndex, number: number): string[] {
  return index.records.toString("utf8", index.offsets[number], index.offsets[number + 1]! - 1).split("\n");
}

/** The pieces of the file, to be written one after the other. */
export function encodeIndex(index: PackageIndex): Uint8Array[] {
  const { count, essential } = index;
  return encodeCacheFile(version, { count, essential }, [
    Buffer.from(index.names.toString(), "latin1"),
    Buffer.from(index.provides.toString(), "latin1"),
    bytesOf(index.offsets),
    index.records,
  ]);
}

interface Content {
  readonly count: number;
  readonly essential: number[];
}

/** The index that `encodeIndex` wrote; `undefined` when it is of another version or damaged, to be made anew. */
export function decodeIndex(bytes: Buffer): PackageIndex | undefined {
  const file = decodeCacheFile<Content>(bytes, version);
  if (file?.parts.length !== 4) return undefined;
  const [names, provides, offsets, records] = file.parts as [Buffer, Buffer, Buffer, Buffer];
  return {
    ...file.header,
    names: new IndexTable(names.toString("latin1")),
    provides: new IndexTable(provides.toString("latin1")),
    offsets: uint32Part(offsets),
    records,
  };
}
