// SPDX-License-Identifier: Apache-2.0
/**
 * A Packages index in the form that is quick to load: the values that are needed, one line each, and tables of names
 * and of what is provided. A package is decoded when it is asked for: of 68,000 a solution looks at some hundreds.
 *
 *     JSON header line | names | provides | offsets (u32 each, count + 1) | records
 */
import { createHash } from "node:crypto";
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
const version = 3;

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

/** The parts of the file, to be written one after the other. */
export function encodeIndex(index: PackageIndex): Buffer[] {
  const { count, essential } = index;
  const parts = [
    Buffer.from(index.names.toString(), "latin1"),
    Buffer.from(index.provides.toString(), "latin1"),
    Buffer.from(index.offsets.buffer, index.offsets.byteOffset, index.offsets.byteLength),
    index.records,
  ];
  const header = { version, count, essential, lengths: parts.map((part) => part.length), digest: digest(parts) };
  return [Buffer.from(`${JSON.stringify(header)}\n`), ...parts];
}

function digest(parts: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** The index that `encodeIndex` wrote; `undefined` when it is of another version or damaged, to be made anew. */
export function decodeIndex(bytes: Buffer): PackageIndex | undefined {
  const lineEnd = bytes.subarray(0, 65536).indexOf(0x0a);
  const header = lineEnd < 0 ? undefined : parseHeader(bytes.toString("utf8", 0, lineEnd));
  if (header === undefined) return undefined;
  let at = lineEnd + 1;
  const parts = header.lengths.map((length) => bytes.subarray(at, (at += length)));
  if (at !== bytes.length || digest(parts) !== header.digest) return undefined;
  const [names, provides, offsets, records] = parts as [Buffer, Buffer, Buffer, Buffer];
  return {
    count: header.count,
    names: new IndexTable(names.toString("latin1")),
    provides: new IndexTable(provides.toString("latin1")),
    essential: header.essential,
    // Copied, for the alignment that a typed array needs.
    offsets: new Uint32Array(Uint8Array.from(offsets).buffer),
    records,
  };
}

interface IndexHeader {
  readonly version: number;
  readonly count: number;
  readonly essential: number[];
  readonly lengths: number[];
  readonly digest: string;
}

function parseHeader(text: string): IndexHeader | undefined {
  try {
    const header = JSON.parse(text) as IndexHeader;
    return header.version === version && header.lengths.length === 4 ? header : undefined;
  } catch {
    return undefined;
  }
}
