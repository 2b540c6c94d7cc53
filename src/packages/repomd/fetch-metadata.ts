// SPDX-License-Identifier: Apache-2.0
/** Metadata files of a repository: from its mirrors or a local directory, by way of the cache. */
import { join } from "node:path";
import { type Compression, detectCompression, lstatIfExists, makeDirectories } from "../../base/index.ts";
import { isZchunk } from "../../formats/index.ts";
import { hashFile } from "../digest.ts";
import { packageError } from "../errors.ts";
import { fetchFile } from "../fetch-file.ts";
import { useEntry } from "../trim-cache.ts";
import type { FetchOptions, FoundRepomd } from "./fetch-repomd.ts";
import { localPath, resolveLocation } from "./mirrors.ts";
import type { Repomd, RepomdFile } from "./model.ts";

/** Bytes of a metadata file that does not say its size. */
const fileLimit = 1 << 30;

/** Makes sure that a metadata file is on this machine and is what repomd.xml says; gives its path. */
export async function fetchMetadata(
  { source, bases, request }: FoundRepomd,
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
  if (useEntry(path)) return path;
  if (options.offline) throw packageError("offline", `${source.id}: ${file.location} is not in the cache`);
  makeDirectories(directory);
  await fetchFile({
    name: `${source.id}: ${file.location}`,
    urls: urls.filter((url) => localPath(url) === undefined),
    path,
    digest,
    authority: "repomd.xml",
    code: "bad-index",
    request,
    ...(size === undefined ? { limit: fileLimit } : { size }),
  });
  return path;
}

/** How a metadata file is compressed, from its name and, where that says nothing, its first bytes. */
export function compressionOf(location: string, head: Uint8Array): Compression | "zchunk" {
  if (isZchunk(head)) return "zchunk";
  if (location.endsWith(".gz")) return "gzip";
  if (location.endsWith(".xz")) return "xz";
  if (location.endsWith(".zst")) return "zstd";
  if (location.endsWith(".bz2")) return "bzip2";
  return detectCompression(head);
}

/** The file of a type; in the form of zchunk where there is no other. */
export function metadataFile({ files }: Repomd, type: string): RepomdFile | undefined {
  return files.get(type) ?? files.get(`${type}_zck`);
}
