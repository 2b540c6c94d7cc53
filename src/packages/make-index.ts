// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import {
  type ByteSource,
  bytesSource,
  type Compression,
  decompress,
  fileSource,
  makeDirectories,
  WorkerPool,
  writeFileAtomic,
} from "../base/index.ts";
import { encodeIndex as encodeDebIndex } from "./apt/index-file.ts";
import { parsePackages } from "./apt/parse-packages.ts";
import { encodeIndex as encodeRpmIndex } from "./repomd/package-index.ts";
import { parsePrimary } from "./repomd/parse-primary.ts";

/** Debian's main has 57 MB, Fedora's primary.xml 200 MB. */
export const indexLimit = 1 << 30;

const parsers = {
  "deb-packages": (source: ByteSource, what: string) => encodeDebIndex(parsePackages(source, what)),
  "rpm-packages": (source: ByteSource, what: string) => encodeRpmIndex(parsePrimary(source, what)),
} as const;

export interface IndexTask {
  readonly kind: keyof typeof parsers;
  /** An index as it is published, verified: its bytes, or the path of the file. */
  readonly input: Uint8Array | string;
  /** Bytes of the input. */
  readonly size: number;
  readonly compression: Compression;
  /** Bytes at most after decompression; default: what is safe. */
  readonly limit?: number;
  /** For errors. */
  readonly what: string;
  /** Where the index goes. */
  readonly path: string;
}

/** Starting a thread takes longer than to parse this many bytes. */
const smallBytes = 256 << 10;

/**
 * Parses an index into the cache. A large one takes some 200 MB while it is parsed, which only the end of a thread
 * gives back.
 */
export async function cacheIndex(task: IndexTask): Promise<void> {
  if (task.size < smallBytes) {
    makeIndex(task);
    return;
  }
  using pool = new WorkerPool<IndexTask, void>("packages/parse-index", undefined, 1);
  await pool.run(task);
}

export function makeIndex({ kind, input, compression, limit = indexLimit, what, path }: IndexTask): void {
  using opened = openInput(input, what);
  const source = decompress(opened.source, compression, what, { limit: Math.min(limit, indexLimit) });
  try {
    const parts = parsers[kind](source, what);
    makeDirectories(dirname(path));
    // Not flushed: a damaged cache is noticed by its digest and made anew.
    writeFileAtomic(path, parts, { durable: false });
  } finally {
    source.close();
  }
}

function openInput(input: Uint8Array | string, what: string): Disposable & { readonly source: ByteSource } {
  if (typeof input !== "string") return { source: bytesSource(input), [Symbol.dispose]: () => {} };
  const fd = openSync(input, "r");
  return { source: fileSource(fd, 0, fstatSync(fd).size, what), [Symbol.dispose]: () => closeSync(fd) };
}
