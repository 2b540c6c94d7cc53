// SPDX-License-Identifier: Apache-2.0
import { dirname } from "node:path";
import {
  bytesSource,
  type Compression,
  decompress,
  makeDirectories,
  WorkerPool,
  writeFileAtomic,
} from "../../base/index.ts";
import { encodeIndex } from "./index-file.ts";
import { parsePackages } from "./parse-packages.ts";

/** Debian's main has 57 MB. */
export const indexLimit = 1 << 30;

export interface IndexTask {
  /** A Packages file, verified. */
  readonly bytes: Uint8Array;
  readonly compression: Compression;
  /** For errors. */
  readonly what: string;
  /** Where the index goes. */
  readonly path: string;
}

/** Starting a thread takes longer than to parse this many bytes. */
const smallBytes = 256 << 10;

/**
 * Parses a Packages file into the cache. A large one takes some 200 MB while it is parsed, which only the end of a thread
 * gives back.
 */
export async function cacheIndex(task: IndexTask): Promise<void> {
  if (task.bytes.length < smallBytes) {
    makeIndex(task);
    return;
  }
  using pool = new WorkerPool<IndexTask, void>("packages/parse-index", undefined, 1);
  await pool.run(task);
}

export function makeIndex({ bytes, compression, what, path }: IndexTask): void {
  const source = decompress(bytesSource(bytes), compression, what, { limit: indexLimit });
  try {
    const index = parsePackages(source, what);
    makeDirectories(dirname(path));
    // Not flushed: a damaged cache is noticed by its digest and made anew.
    writeFileAtomic(path, encodeIndex(index), { durable: false });
  } finally {
    source.close();
  }
}
