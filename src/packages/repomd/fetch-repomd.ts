// SPDX-License-Identifier: Apache-2.0
/** A repository's repomd.xml: fetched, held against its metalink and its signature, kept for when there is no network. */
import { createHash } from "node:crypto";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import {
  baseError,
  getBytes,
  lstatIfExists,
  makeDirectories,
  readIfExists,
  readTextIfExists,
  type RequestOptions,
  writeFileAtomic,
} from "../../base/index.ts";
import { formatError } from "../../formats/index.ts";
import { hashFor } from "../digest.ts";
import { packageError } from "../errors.ts";
import { requestOptions } from "./connection.ts";
import { loadRepositoryKeys, type RepositoryKeys, verifyMetadata } from "./gpg-keys.ts";
import type { MetalinkVersion } from "./metalink.ts";
import { findMirrors, localPath, type Mirrors, resolveLocation } from "./mirrors.ts";
import type { Repomd, RpmSource } from "./model.ts";
import { type Dated, requireNotOlder } from "./not-older.ts";
import { parseRepomd } from "./repomd-file.ts";

export interface FetchOptions {
  readonly cacheDir: string;
  /** Use only what is in the cache, and local repositories. */
  readonly offline: boolean;
  /** Seconds since 1970, for `metadataExpire`. */
  readonly now: number;
}

/** A repository that answered. */
export interface FoundRepomd {
  readonly source: RpmSource;
  readonly repomd: Repomd;
  /** SHA-256 of repomd.xml. */
  readonly checksum: string;
  /** Where it was found first, then the others. */
  readonly bases: readonly string[];
  readonly request: RequestOptions;
}

/** Fedora's has 5 kB; a server cannot exhaust our memory. */
const repomdLimit = 4 << 20;

/** What is kept of a repository between processes. */
interface Kept {
  readonly bytes: Buffer;
  readonly signature: Buffer | undefined;
  readonly bases: readonly string[];
}

/** The repomd.xml of a source: always asked for anew, unless the source says for how long the last one is good. */
export async function fetchRepomd(source: RpmSource, options: FetchOptions): Promise<FoundRepomd> {
  const directory = sourceDirectory(source, options.cacheDir);
  const request = requestOptions(source);
  const keys = source.repoGpgCheck === true ? await loadRepositoryKeys(source, options) : undefined;
  const isLocal = source.baseUrls.some((base) => localPath(base) !== undefined);
  if (!isLocal && (options.offline || isFresh(directory, source, options.now))) {
    const kept = readKept(directory);
    if (kept !== undefined) return found(source, kept, keys, join(directory, "repomd.xml"), request);
    if (options.offline) {
      throw packageError("offline", `${source.id}: the repository's metadata is not in the cache ${options.cacheDir}`);
    }
  }
  const mirrors = await findMirrors(source, request);
  const former = await readFormer(source, directory, keys, request);
  return tryMirrors(source, mirrors, keys, request, directory, (one, url) =>
    requireNotOlder(one, former, { url, directory, now: options.now }),
  );
}

/** What was seen of the repository last; verified again, as the keys may be others. One that fails is as if not there. */
async function readFormer(
  source: RpmSource,
  directory: string,
  keys: RepositoryKeys | undefined,
  request: RequestOptions,
): Promise<Dated | undefined> {
  const kept = readKept(directory);
  if (kept === undefined) return undefined;
  try {
    return (await found(source, kept, keys, join(directory, "repomd.xml"), request)).repomd;
  } catch (error) {
    if (isMirrorsFault(error)) return undefined;
    throw error;
  }
}

async function tryMirrors(
  source: RpmSource,
  { bases, versions }: Mirrors,
  keys: RepositoryKeys | undefined,
  request: RequestOptions,
  directory: string,
  check: (repomd: Dated, url: string) => void,
): Promise<FoundRepomd> {
  const failures: unknown[] = [];
  // With other mirrors to turn to, one that fails is not asked again and again.
  const attempt = bases.length > 1 ? { retries: 1, ...request } : request;
  for (const base of bases) {
    const url = resolveLocation(base, "repodata/repomd.xml");
    try {
      const bytes = await read(url, attempt);
      if (bytes === undefined) continue;
      if (versions !== undefined) checkMetalinked(bytes, versions, url);
      const signature = keys === undefined ? undefined : await read(`${url}.asc`, attempt);
      const kept = { bytes, signature, bases: [base, ...bases.filter((other) => other !== base)] };
      const result = await found(source, kept, keys, url, request);
      if (localPath(url) === undefined) {
        check(result.repomd, url);
        keep(directory, kept);
      }
      return result;
    } catch (error) {
      if (!isMirrorsFault(error)) throw error;
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) {
    const texts = failures.map((error) => (error as Error).message);
    throw packageError("not-found", `${source.id}: no mirror has the repository:\n  ${texts.join("\n  ")}`, {
      cause: failures[0],
    });
  }
  throw packageError("not-found", `${source.id}: there is no repodata/repomd.xml at ${bases.join(", ")}`, {
    hint: "check the address: it is of the directory that has repodata/",
  });
}

function isMirrorsFault(error: unknown): boolean {
  return (
    baseError.is(error, "http-status", "http-failed", "too-large") ||
    packageError.is(error, "bad-index", "bad-signature", "unsigned", "unknown-key", "expired-key", "set-back") ||
    formatError.is(error, "xml")
  );
}

async function read(url: string, request: RequestOptions): Promise<Buffer | undefined> {
  const path = localPath(url);
  return path === undefined ? getBytes(url, repomdLimit, request) : readIfExists(path);
}

/** A mirror may be behind or ahead by what the metalink knows, and nothing else. */
function checkMetalinked(bytes: Buffer, versions: readonly MetalinkVersion[], url: string): void {
  const fits = versions.some(
    ({ digest, size }) =>
      (size === undefined || size === bytes.length) && hashFor(digest, url).update(bytes).digest("hex") === digest.hex,
  );
  if (fits) return;
  throw packageError("bad-index", `${url} is not what the metalink says`, {
    hint: "the mirror is older than the metalink knows, or does not mirror what it should",
  });
}

async function found(
  source: RpmSource,
  { bytes, signature, bases }: Kept,
  keys: RepositoryKeys | undefined,
  what: string,
  request: RequestOptions,
): Promise<FoundRepomd> {
  if (keys !== undefined) {
    if (signature === undefined) throw packageError("unsigned", `${what} has no signature ${what}.asc`);
    await verifyMetadata(bytes, signature, keys, what);
  }
  const checksum = createHash("sha256").update(bytes).digest("hex");
  return { source, repomd: parseRepomd(bytes, what), checksum, bases, request };
}

/** Where a repository's own files of the cache are: named by its id and by where it comes from. */
export function sourceDirectory({ id, baseUrls, mirrorList, metalink }: RpmSource, cacheDir: string): string {
  const origin = createHash("sha256").update([...baseUrls, mirrorList, metalink].join("\n"));
  return join(cacheDir, "repomd", `${encodeURIComponent(id)}-${origin.digest("hex").slice(0, 16)}`);
}

function isFresh(directory: string, { metadataExpire = 0 }: RpmSource, now: number): boolean {
  const stat = lstatIfExists(join(directory, "repomd.xml"));
  return stat !== undefined && stat.mtimeMs / 1000 + metadataExpire > now;
}

function readKept(directory: string): Kept | undefined {
  const bytes = readIfExists(join(directory, "repomd.xml"));
  const bases = readTextIfExists(join(directory, "bases"));
  if (bytes === undefined || bases === undefined) return undefined;
  return { bytes, bases: bases.split("\n"), signature: readIfExists(join(directory, "repomd.xml.asc")) };
}

function keep(directory: string, { bytes, bases, signature }: Kept): void {
  makeDirectories(directory);
  const path = join(directory, "repomd.xml");
  const put = (name: string, content: string | Buffer) => {
    const old = readIfExists(join(directory, name));
    if (old?.equals(Buffer.from(content)) !== true) writeFileAtomic(join(directory, name), content, { durable: false });
  };
  if (signature !== undefined) put("repomd.xml.asc", signature);
  put("bases", bases.join("\n"));
  put("repomd.xml", bytes);
  // When it was last found to be the repository's.
  utimesSync(path, Date.now() / 1000, Date.now() / 1000);
}
