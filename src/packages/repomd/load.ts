// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ProgressListener, readIfExists, silent, stage } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import { cacheIndex } from "../make-index.ts";
import { compressionOf, fetchMetadata, type FetchOptions, fetchRepomd, type FoundRepomd } from "./fetch-metadata.ts";
import { LoadedRepository } from "./loaded-repository.ts";
import type { RepomdFile, RpmSource } from "./model.ts";
import { decodeIndex, type PackageIndex } from "./package-index.ts";
import { RpmPackageSet } from "./package-set.ts";

export interface LoadRepomdOptions {
  /** Use only what earlier loads left in the cache, and local repositories; default false. */
  readonly offline?: boolean;
}

/**
 * Loads the packages of rpm-md repositories. Each repomd.xml is fetched, and everything else checked against it; what
 * was made of a primary.xml before comes from the cache.
 * @param cacheDir made when missing; may be shared by processes, which only add to it
 */
export async function loadRepomd(
  sources: readonly RpmSource[],
  cacheDir: string,
  options: LoadRepomdOptions = {},
  progress: ProgressListener = silent,
): Promise<RpmPackageSet> {
  const fetchOptions = { cacheDir, offline: options.offline ?? false };
  return stage(
    progress,
    "packages.load",
    `Loading the packages of ${sources.map(({ id }) => id).join(", ")}`,
    async () => {
      const loaded = sources.map((source) => loadSource(source, fetchOptions));
      // Nothing goes on in the background after an error.
      await Promise.allSettled(loaded);
      return new RpmPackageSet(await Promise.all(loaded));
    },
    (set) => `${set.count} packages`,
  );
}

async function loadSource(source: RpmSource, options: FetchOptions): Promise<LoadedRepository> {
  const found = await fetchRepomd(source, options);
  const { repomd, checksum } = found;
  const file = repomd.files.get("primary");
  if (file === undefined) throw packageError("bad-index", `${source.id}: repomd.xml names no primary metadata`);
  const { revision, timestamp } = repomd;
  const index = await loadIndex(source, found, file, options);
  return new LoadedRepository(source, { id: source.id, revision, timestamp, checksum }, index);
}

async function loadIndex(
  source: RpmSource,
  found: FoundRepomd,
  file: RepomdFile,
  options: FetchOptions,
): Promise<PackageIndex> {
  const { type, hex } = file.checksum;
  const cached = join(options.cacheDir, "repomd", "indices", `${type}-${hex}`);
  const known = readIfExists(cached);
  const index = known === undefined ? undefined : decodeIndex(known);
  if (index !== undefined) return index;
  const path = await fetchMetadata(source, found, file, options);
  await cacheIndex({
    kind: "rpm-packages",
    input: path,
    size: statSync(path).size,
    compression: compressionOf(file.location, firstBytes(path)),
    what: `${source.id}: ${file.location}`,
    path: cached,
    ...(file.openSize === undefined ? {} : { limit: file.openSize }),
  });
  const made = decodeIndex(readIfExists(cached) ?? Buffer.alloc(0));
  if (made === undefined) throw new Error(`${cached} cannot be read back`);
  return made;
}

function firstBytes(path: string): Buffer {
  const head = Buffer.alloc(8);
  const fd = openSync(path, "r");
  try {
    return head.subarray(0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
}
