// SPDX-License-Identifier: Apache-2.0
/**
 * A primary.xml in the form that is quick to load: columns of numbers over one pool of strings, dependencies each once
 * as a triple of numbers, and postings from names to packages. Loading it is reading a file; a package becomes an object
 * when it is asked for: of 60,000 a solution looks at some hundreds. (The idea is libsolv's: Id, Reldep, whatprovides.)
 */
import { bytesOf, decodeCacheFile, encodeCacheFile, float64Part, uint32Part } from "../cache-file.ts";
import { Postings } from "./postings.ts";
import { StringPool } from "./string-pool.ts";

/** To be raised with every change of the form: caches of another version are made anew. */
const version = "rpm-packages 2";

/** The texts kept of each package. `evr` has its parts on lines of their own; `checksum` is `TYPE:HEX`. */
export const textColumns = [
  "name",
  "arch",
  "evr",
  "checksum",
  "location",
  "base",
  "vendor",
  "summary",
  "license",
  "url",
  "sourceRpm",
  "group",
] as const;
export type TextColumn = (typeof textColumns)[number];

export const numberColumns = ["buildTime", "fileTime", "packageSize", "installedSize"] as const;
export type NumberColumn = (typeof numberColumns)[number];

/** A dependency's second number: which operator (0: none), and whether it is needed before scripts run. */
export const operators = ["", "<", "<=", "=", ">=", ">"] as const;
export const preFlag = 8;

export interface PackageIndex {
  readonly count: number;
  readonly strings: StringPool;
  /** `textColumns.length` numbers of strings a package. */
  readonly texts: Uint32Array;
  /** `numberColumns.length` a package. */
  readonly numbers: Float64Array;
  /** Three a dependency: string of the name, operator and flag, string of the version. */
  readonly dependencies: Uint32Array;
  /** Dependencies of all packages, one relation after another. */
  readonly lists: Uint32Array;
  /** Where each relation of each package starts in `lists`, and the end of the last. */
  readonly listStarts: Uint32Array;
  /** Paths of the short list of files. */
  readonly files: Uint32Array;
  readonly fileStarts: Uint32Array;
  /** Packages by name, by what they provide, by what they obsolete, and by the paths of the short list. */
  readonly names: Postings;
  readonly provides: Postings;
  readonly obsoletes: Postings;
  readonly paths: Postings;
}

/** The parts of the cache file. */
export function encodeIndex(index: PackageIndex): Uint8Array[] {
  const [bytes, ends, table] = index.strings.parts;
  const postings = [index.names, index.provides, index.obsoletes, index.paths];
  return encodeCacheFile(version, { count: index.count }, [
    bytes,
    ...[ends, table, index.texts, index.dependencies, index.lists, index.listStarts].map(bytesOf),
    ...[index.files, index.fileStarts].map(bytesOf),
    bytesOf(index.numbers),
    ...postings.flatMap(({ keys, starts, items }) => [keys, starts, items].map(bytesOf)),
  ]);
}

/** What `encodeIndex` wrote; `undefined` when it is of another version or damaged, to be made anew. */
export function decodeIndex(bytes: Buffer): PackageIndex | undefined {
  const file = decodeCacheFile<{ readonly count: number }>(bytes, version);
  if (file?.parts.length !== 22) return undefined;
  const [pool, ends, table, texts, dependencies, lists, listStarts, files, fileStarts] = file.parts;
  const numbers = (part: number) => uint32Part(file.parts[part]!);
  const postings = (part: number) => new Postings(numbers(part), numbers(part + 1), numbers(part + 2));
  return {
    count: file.header.count,
    strings: new StringPool(pool!, uint32Part(ends!), uint32Part(table!)),
    texts: uint32Part(texts!),
    numbers: float64Part(file.parts[9]!),
    dependencies: uint32Part(dependencies!),
    lists: uint32Part(lists!),
    listStarts: uint32Part(listStarts!),
    files: uint32Part(files!),
    fileStarts: uint32Part(fileStarts!),
    names: postings(10),
    provides: postings(13),
    obsoletes: postings(16),
    paths: postings(19),
  };
}
