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
import { readZchunk } from "../formats/index.ts";
import { encodeIndex as encodeDebIndex } from "./apt/index-file.ts";
import { parsePackages } from "./apt/parse-packages.ts";
import { encodeIndex as encodeRpmIndex } from "./repomd/package-index.ts";
import { parseModules, writeModules } from "./repomd/modules-file.ts";
import { parseFilelists } from "./repomd/parse-filelists.ts";
import { parsePrimary } from "./repomd/parse-primary.ts";

/** Debian's main has 57 MB, Fedora's primary.xml 200 MB, its filelists.xml 800 MB. */
export const indexLimit = 2 ** 31;

type Maker = (source: ByteSource, what: string, path: string) => void | Promise<void>;

// Nothing is flushed: a damaged cache is noticed by its digest and made anew.
const makers = {
  "deb-packages": (source, what, path) =>
    writeFileAtomic(path, encodeDebIndex(parsePackages(source, what)), { durable: false }),
  "rpm-packages": (source, what, path) =>
    writeFileAtomic(path, encodeRpmIndex(parsePrimary(source, what)), { durable: false }),
  "rpm-filelists": (source, what, path) => parseFilelists(source, what).write(path),
  "rpm-modules": (source, what, path) => writeModules(path, parseModules(source, what)),
} as const satisfies Record<string, Maker>;

export interface IndexTask {
  readonly kind: keyof typeof makers;
  /** An index as it is published, verified: its bytes, or the path of the file. */
  readonly input: Uint8Array | string;
  /** Bytes of the input. */
  readonly size: number;
  readonly compression: Compression | "zchunk";
  /** Bytes at most after decompression; default: what is safe. */
  readonly limit?: number;
  /** For errors. */
  readonly what: string;
  /** Where the index goes. */
  readonly path: string;
}

/** Starting a thread takes longer than to parse this many bytes. */
const smallBytes = 256 << 10;

/** Indexes that are parsed at a time, whatever the number of repositories: each takes some 200 MB. */
const threadLimit = 2;
let running = 0;
const waiting: (() => void)[] = [];

/** Parses an index into the cache. A large one takes memory that only the end of a thread gives back. */
export async function cacheIndex(task: IndexTask): Promise<void> {
  if (task.size < smallBytes) {
    await makeIndex(task);
    return;
  }
  while (running >= threadLimit) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    using pool = new WorkerPool<IndexTask, void>("packages/parse-index", undefined, 1);
    await pool.run(task);
  } finally {
    running--;
    waiting.shift()?.();
  }
}

export async function makeIndex(task: IndexTask): Promise<void> {
  using opened = openIndexSource(task);
  makeDirectories(dirname(task.path));
  await makers[task.kind](opened.source, task.what, task.path);
}

/** The plain content of an index as it is published. */
export function openIndexSource({
  input,
  compression,
  limit = indexLimit,
  what,
}: Pick<IndexTask, "input" | "compression" | "limit" | "what">): Disposable & { readonly source: ByteSource } {
  const opened = openInput(input, what);
  // A zchunk file's own chunks are bounded; what comes out of it is not compressed any further.
  const zchunk = compression === "zchunk";
  const packed = zchunk ? readZchunk(opened.source, what) : opened.source;
  const source = decompress(packed, zchunk ? "none" : compression, what, { limit: Math.min(limit, indexLimit) });
  return {
    source,
    [Symbol.dispose]() {
      source.close();
      opened[Symbol.dispose]();
    },
  };
}

function openInput(input: Uint8Array | string, what: string): Disposable & { readonly source: ByteSource } {
  if (typeof input !== "string") return { source: bytesSource(input), [Symbol.dispose]: () => {} };
  const fd = openSync(input, "r");
  return { source: fileSource(fd, 0, fstatSync(fd).size, what), [Symbol.dispose]: () => closeSync(fd) };
}
