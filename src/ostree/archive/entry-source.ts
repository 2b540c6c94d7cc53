// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, rmSync } from "node:fs";
import { temporaryName, writeAll } from "../../base/index.ts";
import type { TarEntry } from "../../formats/index.ts";
import { type ContentTask, requireSpace } from "../content-task.ts";
import type { Store } from "../store-content.ts";

/** Content up to this size goes to the workers in memory, larger by way of a file. */
const memoryLimit = 4 << 20;

export interface EntrySource {
  readonly source: ContentTask["source"];
  readonly transfer?: ArrayBuffer;
  /** Removes the file that the content went to. */
  readonly remove?: () => void;
}

/** The content of an archive's entry as a task can be given it. */
export function entrySource(store: Store, entry: TarEntry): EntrySource {
  if (entry.size <= memoryLimit) {
    const bytes = entry.content(memoryLimit);
    // Short ones share their memory with others.
    const whole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
    return { source: { type: "bytes", bytes }, ...(whole ? { transfer: bytes.buffer as ArrayBuffer } : {}) };
  }
  requireSpace(store, entry.size);
  const path = temporaryName(store.staging);
  const fd = openSync(path, "wx", 0o600);
  try {
    for (const piece of entry.pieces()) writeAll(fd, piece);
  } finally {
    closeSync(fd);
  }
  return { source: { type: "path", path, size: entry.size }, remove: () => rmSync(path) };
}
