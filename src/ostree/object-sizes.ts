// SPDX-License-Identifier: Apache-2.0
/** The commit metadata `ostree.sizes`: what a client would download and store (ostree-repo-commit.c add_size_index_to_metadata). */
import { statSync } from "node:fs";
import type { Variant } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { readArchiveHead } from "./load-content.ts";
import { type Checksum, checksumFromBytes, type Commit, isSymlinkMode, objectTypeNumbers } from "./model.ts";
import { storedPath, type Store } from "./store-content.ts";

export type SizedType = "file" | "dirtree" | "dirmeta";

export interface ObjectSize {
  readonly checksum: Checksum;
  /** Absent in commits made before 2020. */
  readonly type?: SizedType;
  /** Bytes as the archive has it. */
  readonly archived: bigint;
  /** Bytes of the content; of a symbolic link, those of its target. */
  readonly unpacked: bigint;
}

export const sizesKey = "ostree.sizes";

/** Gathers the objects of a tree that is written to an archive. */
export class SizeIndex {
  readonly #entries = new Map<Checksum, Buffer>();

  addMetadata(type: SizedType, checksum: Checksum, size: number): void {
    this.#add(checksum, type, size, size);
  }

  /** @param store has the object, in the repository or in the transaction */
  addFile(store: Store, checksum: Checksum): void {
    if (this.#entries.has(checksum)) return;
    const path = storedPath(store, checksum, "file");
    const { header, size } = readArchiveHead(path);
    const unpacked = isSymlinkMode(header.mode) ? Buffer.byteLength(header.symlink) : size;
    this.#add(checksum, "file", statSync(path).size, unpacked);
  }

  /** Sorted by checksum, so that it can be searched. */
  variant(): Variant {
    const sorted = [...this.#entries.keys()].sort();
    return { type: "aay", value: sorted.map((checksum) => this.#entries.get(checksum)!) };
  }

  #add(checksum: Checksum, type: SizedType, archived: number, unpacked: number): void {
    const sizes = [...varint(archived), ...varint(unpacked)];
    this.#entries.set(checksum, Buffer.from([...Buffer.from(checksum, "hex"), ...sizes, objectTypeNumbers[type]]));
  }
}

/** The sizes that a commit announces; `undefined` when it announces none (ostree_commit_get_object_sizes). */
export function readSizes({ metadata }: Commit, what: string): ObjectSize[] | undefined {
  const found = metadata.get(sizesKey);
  if (found?.type !== "aay") return undefined;
  return (found.value as readonly Uint8Array[]).map((entry) => readEntry(entry, what));
}

const types: Readonly<Record<number, SizedType>> = { 1: "file", 2: "dirtree", 3: "dirmeta" };

function readEntry(entry: Uint8Array, what: string): ObjectSize {
  const checksum = checksumFromBytes(entry.subarray(0, 32), `${what}: ${sizesKey}`);
  const [archived, middle] = readVarint(entry, 32, what);
  const [unpacked, end] = readVarint(entry, middle, what);
  const type = end < entry.length ? types[entry[end]!] : undefined;
  if (entry.length > end + 1 || (end < entry.length && type === undefined)) throw malformed(what);
  return { checksum, archived, unpacked, ...(type === undefined ? {} : { type }) };
}

/** LEB128, as _ostree_write_varuint64. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

function readVarint(bytes: Uint8Array, start: number, what: string): [value: bigint, end: number] {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + 10; at++) {
    value |= BigInt(bytes[at]! & 0x7f) << BigInt(7 * (at - start));
    if (bytes[at]! < 0x80) {
      if (value < 1n << 64n) return [value, at + 1];
      break;
    }
  }
  throw malformed(what);
}

function malformed(what: string) {
  return ostreeError("corrupt-object", `${what}: malformed metadata ${sizesKey}`);
}
