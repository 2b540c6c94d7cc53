// SPDX-License-Identifier: Apache-2.0
/** Metadata files of a repository: from its mirrors or a local directory, by way of the cache. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Compression,
  detectCompression,
  getBytes,
  lstatIfExists,
  makeDirectories,
  readIfExists,
  writeFileAtomic,
} from "../../base/index.ts";
import { hashFile } from "../digest.ts";
import { packageError } from "../errors.ts";
import { fetchFile } from "../fetch-file.ts";
import type { Repomd, RepomdFile, RpmSource } from "./model.ts";
import { parseRepomd } from "./repomd-file.ts";

export interface FetchOptions {
  readonly cacheDir: string;
  /** Use only what is in the cache, and local repositories. */
  readonly offline: boolean;
}

/** Fedora's has 5 kB; a server cannot exhaust our memory. */
const repomdLimit = 4 << 20;
/** Bytes of a metadata file that does not say its size. */
const fileLimit = 1 << 30;

/** A repomd.xml, and the base below which it was found. */
export interface FoundRepomd {
  readonly repomd: Repomd;
  /** SHA-256 of the file. */
  readonly checksum: string;
  /** The base where it was found, then the others. */
  readonly bases: readonly string[];
}

/** A URL or path below a base. */
export function resolveLocation(base: string, location: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return location;
  return `${base.replace(/\/+$/, "")}/${location.replace(/^\/+/, "")}`;
}

/** The path of a local URL; `undefined` for one that needs a network. */
export function localPath(url: string): string | undefined {
  if (url.startsWith("/")) return url;
  return url.startsWith("file:") ? fileURLToPath(url.replace(/^file:(?!\/\/)/, "file://")) : undefined;
}

/** Fetches a source's repomd.xml: always anew, as everything else is checked against it. */
export async function fetchRepomd(source: RpmSource, options: FetchOptions): Promise<FoundRepomd> {
  const cached = join(sourceDirectory(source, options.cacheDir), "repomd.xml");
  const failures: unknown[] = [];
  for (const base of source.baseUrls) {
    const url = resolveLocation(base, "repodata/repomd.xml");
    try {
      const bytes = await readRepomd(url, options);
      if (bytes === undefined) continue;
      const found = decode(bytes, url, [base, ...source.baseUrls.filter((other) => other !== base)]);
      if (localPath(url) === undefined) store(cached, bytes);
      return found;
    } catch (error) {
      failures.push(error);
    }
  }
  if (options.offline) {
    const bytes = readIfExists(cached);
    if (bytes !== undefined) return decode(bytes, cached, source.baseUrls);
    throw packageError("offline", `${source.id}: the repository's metadata is not in the cache ${options.cacheDir}`);
  }
  if (failures.length > 0) throw failures[0];
  throw packageError("not-found", `${source.id}: there is no repodata/repomd.xml at ${source.baseUrls.join(", ")}`, {
    hint: "check the address: it is of the directory that has repodata/",
  });
}

async function readRepomd(url: string, options: FetchOptions): Promise<Buffer | undefined> {
  const path = localPath(url);
  if (path !== undefined) return readIfExists(path);
  return options.offline ? undefined : getBytes(url, repomdLimit);
}

function decode(bytes: Buffer, what: string, bases: readonly string[]): FoundRepomd {
  return { repomd: parseRepomd(bytes, what), checksum: createHash("sha256").update(bytes).digest("hex"), bases };
}

function store(path: string, bytes: Buffer): void {
  if (readIfExists(path)?.equals(bytes)) return;
  makeDirectories(join(path, ".."));
  writeFileAtomic(path, bytes);
}

/** Where a repository's own files of the cache are: named by its id and by where it comes from. */
function sourceDirectory({ id, baseUrls }: RpmSource, cacheDir: string): string {
  const origin = createHash("sha256").update(baseUrls.join("\n")).digest("hex").slice(0, 16);
  return join(cacheDir, "repomd", `${encodeURIComponent(id)}-${origin}`);
}

/** Makes sure that a metadata file is on this machine and is what repomd.xml says; gives its path. */
export async function fetchMetadata(
  source: RpmSource,
  { bases }: FoundRepomd,
  file: RepomdFile,
  options: FetchOptions,
): Promise<string> {
  const { checksum: digest, size } = file;
  const urls = bases.map((base) => resolveLocation(base, file.location));
  const local = urls.flatMap((url) => localPath(url) ?? []).find((path) => lstatIfExists(path) !== undefined);
  if (local !== undefined) {
    const sum = hashFile(local, digest);
    if (sum === digest.hex) return local;
    throw packageError("bad-index", `${local}: its check sum is ${sum}, but repomd.xml says ${digest.hex}`, {
      hint: "the repository was changed without createrepo_c, or is being updated",
    });
  }
  const directory = join(options.cacheDir, "repomd", "files");
  const path = join(directory, `${digest.type}-${digest.hex}`);
  if (lstatIfExists(path) !== undefined) return path;
  if (options.offline) throw packageError("offline", `${source.id}: ${file.location} is not in the cache`);
  makeDirectories(directory);
  await fetchFile({
    name: `${source.id}: ${file.location}`,
    urls: urls.filter((url) => localPath(url) === undefined),
    path,
    digest,
    authority: "repomd.xml",
    code: "bad-index",
    ...(size === undefined ? { limit: fileLimit } : { size }),
  });
  return path;
}

/** How a metadata file is compressed, from its name and, where that says nothing, its first bytes. */
export function compressionOf(location: string, head: Uint8Array): Compression {
  if (location.endsWith(".gz")) return "gzip";
  if (location.endsWith(".xz")) return "xz";
  if (location.endsWith(".zst")) return "zstd";
  if (location.endsWith(".bz2")) return "bzip2";
  return detectCompression(head);
}
