// SPDX-License-Identifier: Apache-2.0
/** Bounds what collects in a cache: metadata of repositories as they were, packages that were imported or replaced. */
import { rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, lstatIfExists, unlessErrno } from "../base/index.ts";

/** All that can be fetched or made again. What was seen of a repository stays: it tells an old one (`requireNotOlder`). */
const directories = ["repomd/files", "repomd/indices", "apt/indices", "rpms", "debs"];

const day = 86_400;

export interface CacheLimits {
  /** Seconds for which an entry is kept that nobody uses. */
  readonly age: number;
  /** Bytes of all entries; those that were used longest ago go first. */
  readonly bytes: number;
}

/** A month; some ten states of a whole distribution's metadata and packages of a host. */
export const cacheLimits: CacheLimits = { age: 30 * day, bytes: 16 * 2 ** 30 };

/** Whether an entry is there. It counts as used now, which its time says: once a day is enough. */
export function useEntry(path: string): boolean {
  const stat = lstatIfExists(path);
  if (stat === undefined) return false;
  const now = Date.now() / 1000;
  if (stat.mtimeMs / 1000 < now - day)
    unlessErrno(["ENOENT", "EROFS", "EACCES", "EPERM"], () => utimesSync(path, now, now));
  return true;
}

interface Entry {
  readonly paths: string[];
  used: number;
  bytes: number;
}

/**
 * Removes what exceeds the limits. Nobody else may be about to read an entry that has not been used for so long.
 * @param now seconds since 1970
 */
export function trimCache(cacheDir: string, now: number, limits: CacheLimits = cacheLimits): void {
  const entries = directories.flatMap((name) => listEntries(join(cacheDir, name)));
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  for (const entry of entries.toSorted((a, b) => a.used - b.used)) {
    if (entry.used >= now - limits.age && bytes <= limits.bytes) return;
    for (const path of entry.paths) rmSync(path, { force: true });
    bytes -= entry.bytes;
  }
}

/** The files of a directory; those whose names differ after the first dot are one entry: an index and its list of files. */
function listEntries(directory: string): Entry[] {
  const entries = new Map<string, Entry>();
  for (const name of listDirectory(directory)) {
    const path = join(directory, name);
    const stat = lstatIfExists(path);
    if (stat?.isFile() !== true) continue;
    const key = name.replace(/\..*/, "");
    const entry = entries.get(key) ?? { paths: [], used: 0, bytes: 0 };
    entry.paths.push(path);
    entry.used = Math.max(entry.used, stat.mtimeMs / 1000);
    entry.bytes += stat.size;
    entries.set(key, entry);
  }
  return [...entries.values()];
}
