// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { AtomicError, type ProgressListener, readIfExists, silent, stage } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import { useEntry } from "../trim-cache.ts";
import { cacheIndex, type IndexTask, openIndexSource } from "../make-index.ts";
import { activeModules, applyModules, type ModuleRequest } from "./active-modules.ts";
import { compressionOf, fetchMetadata, metadataFile } from "./fetch-metadata.ts";
import { type FetchOptions, fetchRepomd, type FoundRepomd } from "./fetch-repomd.ts";
import { FileIndex } from "./file-index.ts";
import { LoadedRepository, type OpenedMetadata } from "./loaded-repository.ts";
import type { RepomdFile, RpmSource } from "./model.ts";
import { decodeModules, type Modules, type ModuleStream } from "./modules-file.ts";
import { decodeIndex, type PackageIndex } from "./package-index.ts";
import { RpmPackageSet } from "./package-set.ts";

export interface LoadRepomdOptions {
  /** Use only what earlier loads left in the cache, and local repositories; default false. */
  readonly offline?: boolean;
  /** The time against which `metadataExpire` is held, in seconds since 1970; default: now. */
  readonly now?: number;
  /** Streams of modules; default: the default streams that need no platform. */
  readonly modules?: ModuleRequest;
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
  const fetchOptions = { cacheDir, offline: options.offline ?? false, now: options.now ?? Date.now() / 1000 };
  return stage(
    progress,
    "packages.load",
    `Loading the packages of ${sources.map(({ id }) => id).join(", ")}`,
    async () => {
      const loaded = sources.map((source) => loadIfAvailable(source, fetchOptions, progress));
      // Nothing goes on in the background after an error.
      await Promise.allSettled(loaded);
      const repositories = (await Promise.all(loaded)).filter((one) => one !== undefined);
      const active = filterModules(repositories, options.modules ?? {}, progress);
      return new RpmPackageSet(repositories, active);
    },
    (set) => `${set.count} packages`,
  );
}

function filterModules(
  repositories: readonly LoadedRepository[],
  request: ModuleRequest,
  progress: ProgressListener,
): ModuleStream[] {
  const modules = repositories.flatMap((one) => one.modules ?? []);
  if (modules.length === 0 && (request.enabled ?? []).length === 0) return [];
  const active = activeModules(modules, request);
  const defaults = new Set(modules.flatMap((one) => Object.keys(one.defaults)));
  const off = [...defaults].filter((name) => !active.some((one) => one.name === name));
  if (request.platform === undefined && off.length > 0) {
    const text = `${off.length} modules are off, as no platform is given that their default streams could require`;
    progress({ type: "warning", text: `${text}: ${off.slice(0, 5).join(", ")}${off.length > 5 ? ", ..." : ""}` });
  }
  applyModules(repositories, modules, active);
  return active;
}

async function loadIfAvailable(
  source: RpmSource,
  options: FetchOptions,
  progress: ProgressListener,
): Promise<LoadedRepository | undefined> {
  try {
    return await loadSource(source, options);
  } catch (error) {
    if (source.skipIfUnavailable !== true || !(error instanceof AtomicError)) throw error;
    progress({ type: "warning", text: `${source.id} is left out (skip_if_unavailable): ${error.message}` });
    return undefined;
  }
}

async function loadSource(source: RpmSource, options: FetchOptions): Promise<LoadedRepository> {
  const found = await fetchRepomd(source, options);
  const { repomd, checksum, bases, request } = found;
  const { revision, timestamp } = repomd;
  const primary = metadataFile(repomd, "primary");
  if (primary === undefined) throw packageError("bad-index", `${source.id}: repomd.xml names no primary metadata`);
  const make = (kind: IndexTask["kind"], file: RepomdFile, path: string) =>
    makeCached(kind, found, file, path, options);
  const index = await opened(indexPath(primary, options), openIndex, (path) => make("rpm-packages", primary, path));
  const openFiles = async () => {
    const filelists = metadataFile(repomd, "filelists");
    if (filelists === undefined) return undefined;
    const path = indexPath(filelists, options);
    return opened(path, FileIndex.open, (made) => make("rpm-filelists", filelists, made));
  };
  const modulesFile = metadataFile(repomd, "modules");
  const modules =
    modulesFile === undefined
      ? undefined
      : await opened(indexPath(modulesFile, options), openModules, (path) => make("rpm-modules", modulesFile, path));
  const info = { id: source.id, revision, timestamp, checksum };
  const openMetadata = (types: readonly string[]) => openFile(found, types, options);
  return new LoadedRepository(source, info, { bases, request, index, modules, openFiles, openMetadata });
}

/** Small metadata, read when it is asked for. @param types in the order in which they are looked for */
async function openFile(
  found: FoundRepomd,
  types: readonly string[],
  options: FetchOptions,
): Promise<OpenedMetadata | undefined> {
  const [file] = types.flatMap((type) => metadataFile(found.repomd, type) ?? []);
  if (file === undefined) return undefined;
  const path = await fetchMetadata(found, file, options);
  const what = `${found.source.id}: ${file.location}`;
  const compression = compressionOf(file.location, firstBytes(path));
  const limit = file.openSize;
  return { what, ...openIndexSource({ input: path, compression, what, ...(limit === undefined ? {} : { limit }) }) };
}

/** What was made of a file is named by the file's check sum. */
function indexPath({ checksum: { type, hex } }: RepomdFile, { cacheDir }: FetchOptions): string {
  return join(cacheDir, "repomd", "indices", `${type}-${hex}`);
}

function openIndex(path: string): PackageIndex | undefined {
  const bytes = readIfExists(path);
  return bytes === undefined ? undefined : decodeIndex(bytes);
}

function openModules(path: string): Modules | undefined {
  const bytes = readIfExists(path);
  return bytes === undefined ? undefined : decodeModules(bytes);
}

async function opened<T>(
  path: string,
  open: (path: string) => T | undefined,
  make: (path: string) => Promise<void>,
): Promise<T> {
  const known = useEntry(path) ? open(path) : undefined;
  if (known !== undefined) return known;
  await make(path);
  const made = open(path);
  if (made === undefined) throw new Error(`${path} cannot be read back`);
  return made;
}

async function makeCached(
  kind: IndexTask["kind"],
  found: FoundRepomd,
  file: RepomdFile,
  path: string,
  options: FetchOptions,
): Promise<void> {
  const input = await fetchMetadata(found, file, options);
  await cacheIndex({
    kind,
    input,
    size: statSync(input).size,
    compression: compressionOf(file.location, firstBytes(input)),
    what: `${found.source.id}: ${file.location}`,
    path,
    ...(file.openSize === undefined ? {} : { limit: file.openSize }),
  });
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
