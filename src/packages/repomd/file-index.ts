// SPDX-License-Identifier: Apache-2.0
/**
 * Which packages have a file: what was made of a filelists.xml. Fedora's has 800 MB, of which a solution asks for some
 * paths: so each path is only a hash of 64 bits with the package's number, sorted into buckets that are read one by one.
 * (Two of ten million paths are taken for one another in one of a million repositories.)
 *
 * Two files: the head (a cache file: start and CRC-32 of each bucket, check sums of the packages) and the entries, three
 * numbers of 32 bits each: both halves of the hash, package.
 */
import { closeSync, openSync, renameSync } from "node:fs";
import { crc32 } from "node:zlib";
import { readExactly, readIfExists, temporaryName, writeAll, writeFileAtomic } from "../../base/index.ts";
import { bytesOf, decodeCacheFile, encodeCacheFile, uint32Part } from "../cache-file.ts";
import { packageError } from "../errors.ts";
import { NumberList } from "./number-list.ts";

const version = "rpm-filelists 1";
const bucketBits = 16;
const buckets = 1 << bucketBits;
const entryNumbers = 3;

/** Two hashes of 32 bits that have nothing to do with each other. @param path one character for each byte */
function hashPath(path: string): readonly [number, number] {
  let one = 0x811c9dc5;
  let two = 0x9e3779b9;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    one = Math.imul(one ^ code, 0x01000193);
    two = Math.imul((two << 5) ^ (two >>> 27) ^ code, 0x85ebca6b);
  }
  one = Math.imul(one ^ (one >>> 16), 0x7feb352d);
  two = Math.imul(two ^ (two >>> 15), 0x846ca68b);
  return [(one ^ (one >>> 15)) >>> 0, (two ^ (two >>> 16)) >>> 0];
}

/** Collects the files of packages one after another. */
export class FileIndexBuilder {
  readonly #packages: string[] = [];
  readonly #high = new NumberList();
  readonly #low = new NumberList();
  readonly #owners = new NumberList();

  /** @param id check sum of the package file, in hexadecimal digits */
  addPackage(id: string): void {
    this.#packages.push(id);
  }

  /** A file of the package that was added last. @param path one character for each byte */
  addFile(path: string): void {
    const [high, low] = hashPath(path);
    this.#high.push(high);
    this.#low.push(low);
    this.#owners.push(this.#packages.length - 1);
  }

  /** Writes head and entries. @param path of the head */
  write(path: string): void {
    const { starts, entries } = this.#sorted();
    const sums = new Uint32Array(buckets);
    for (let bucket = 0; bucket < buckets; bucket++) {
      sums[bucket] = crc32(
        bytesOf(entries.subarray(entryNumbers * starts[bucket]!, entryNumbers * starts[bucket + 1]!)),
      );
    }
    const parts = [bytesOf(starts), bytesOf(sums), Buffer.from(this.#packages.join("\n"), "latin1")];
    // The entries first: whoever sees the head finds them.
    writeLarge(entriesPath(path), bytesOf(entries));
    writeFileAtomic(path, encodeCacheFile(version, {}, parts), { durable: false });
  }

  /** Counting sort by the first bits of the hash. */
  #sorted(): { readonly starts: Uint32Array; readonly entries: Uint32Array } {
    const high = this.#high.view();
    const starts = new Uint32Array(buckets + 1);
    for (const hash of high) starts[(hash >>> (32 - bucketBits)) + 1]!++;
    for (let bucket = 1; bucket <= buckets; bucket++) starts[bucket]! += starts[bucket - 1]!;
    const next = starts.slice();
    const entries = new Uint32Array(entryNumbers * high.length);
    for (let index = 0; index < high.length; index++) {
      const at = entryNumbers * next[high[index]! >>> (32 - bucketBits)]!++;
      entries[at] = high[index]!;
      entries[at + 1] = this.#low.at(index);
      entries[at + 2] = this.#owners.at(index);
    }
    return { starts, entries };
  }
}

function entriesPath(path: string): string {
  return `${path}.entries`;
}

function writeLarge(path: string, bytes: Buffer): void {
  const temporary = temporaryName(path.slice(0, path.lastIndexOf("/")));
  const fd = openSync(temporary, "wx");
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
}

export class FileIndex {
  /** Check sums of the packages, in the order of their numbers here. */
  readonly packages: readonly string[];
  readonly #entries: string;
  readonly #starts: Uint32Array;
  readonly #sums: Uint32Array;

  private constructor(entries: string, starts: Uint32Array, sums: Uint32Array, packages: readonly string[]) {
    this.#entries = entries;
    this.#starts = starts;
    this.#sums = sums;
    this.packages = packages;
  }

  /** What `FileIndexBuilder` wrote; `undefined` when it is not there, of another version or damaged. */
  static open(path: string): FileIndex | undefined {
    const bytes = readIfExists(path);
    const file = bytes && decodeCacheFile<unknown>(bytes, version);
    if (file?.parts.length !== 3) return undefined;
    const [starts, sums, packages] = file.parts as [Buffer, Buffer, Buffer];
    const names = packages.length === 0 ? [] : packages.toString("latin1").split("\n");
    return new FileIndex(entriesPath(path), uint32Part(starts), uint32Part(sums), names);
  }

  /** The numbers of the packages that have the file, each once. */
  find(path: string): number[] {
    const [high, low] = hashPath(Buffer.from(path).toString("latin1"));
    const entries = this.#bucket(high >>> (32 - bucketBits));
    const found = new Set<number>();
    for (let at = 0; at < entries.length; at += entryNumbers) {
      if (entries[at] === high && entries[at + 1] === low) found.add(entries[at + 2]!);
    }
    return [...found];
  }

  #bucket(bucket: number): Uint32Array {
    const [start, end] = [this.#starts[bucket]!, this.#starts[bucket + 1]!];
    const bytes = Buffer.alloc(4 * entryNumbers * (end - start));
    const fd = openSync(this.#entries, "r");
    try {
      readExactly(fd, bytes, 4 * entryNumbers * start, this.#entries);
    } finally {
      closeSync(fd);
    }
    if (crc32(bytes) === this.#sums[bucket]) return uint32Part(bytes);
    throw packageError("bad-index", `${this.#entries}: the cache is damaged`, {
      hint: `remove it, and it is made anew: rm ${this.#entries.replace(/\.entries$/, "")}*`,
    });
  }
}
