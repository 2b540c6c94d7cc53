// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Compression, getBytes, readIfExists } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import { useEntry } from "../trim-cache.ts";
import { decodeIndex, type PackageIndex } from "./index-file.ts";
import { cacheIndex, indexLimit } from "../make-index.ts";
import type { FetchOptions } from "./fetch-release.ts";
import type { Release, ReleaseFile } from "./release.ts";

/** By what they cost to fetch and expand. */
const forms: readonly (readonly [suffix: string, Compression])[] = [
  [".xz", "xz"],
  [".zst", "zstd"],
  [".gz", "gzip"],
  ["", "none"],
];

/**
 * A Packages index of a verified release, from the cache when its content is there already: the cache is named by the
 * check sum that the Release file gives, so that nothing needs to be asked.
 * @param url of the directory of the Release file
 * @param path of the index below it without suffix, `main/binary-amd64/Packages`
 */
export async function fetchIndex(
  url: string,
  release: Release,
  path: string,
  options: FetchOptions,
): Promise<PackageIndex> {
  const form = forms.find(([suffix]) => release.files.has(path + suffix));
  if (form === undefined) {
    throw packageError("not-found", `${url}: the release has no ${path}`, {
      hint: `its components are ${release.components.join(", ")}; its architectures ${release.architectures.join(", ")}`,
    });
  }
  const [suffix, compression] = form;
  const file = release.files.get(path + suffix)!;
  const cached = join(options.cacheDir, "apt", "indices", file.sha256);
  const known = useEntry(cached) ? readIfExists(cached) : undefined;
  const index = known === undefined ? undefined : decodeIndex(known);
  if (index !== undefined) return index;
  if (options.offline) throw packageError("offline", `${url}/${file.path} is not in the cache ${options.cacheDir}`);
  const bytes = await fetchVerified(url, file, release.byHash);
  await cacheIndex({
    kind: "deb-packages",
    input: bytes,
    size: bytes.length,
    compression,
    what: `${url}/${file.path}`,
    path: cached,
  });
  const made = decodeIndex(readFileSync(cached));
  if (made === undefined) throw new Error(`${cached} cannot be read back`);
  return made;
}

/** By hash first: the name of the moment may be of a newer index, while the archive is being updated. */
async function fetchVerified(url: string, file: ReleaseFile, byHash: boolean): Promise<Buffer> {
  if (file.size > indexLimit) throw packageError("bad-index", `${url}/${file.path} has ${file.size} bytes`);
  const directory = file.path.slice(0, file.path.lastIndexOf("/") + 1);
  const names = byHash ? [`${directory}by-hash/SHA256/${file.sha256}`, file.path] : [file.path];
  for (const name of names) {
    const bytes = await getBytes(`${url}/${name}`, file.size);
    if (bytes === undefined) continue;
    const sum = createHash("sha256").update(bytes).digest("hex");
    if (bytes.length === file.size && sum === file.sha256) return bytes;
    throw packageError(
      "bad-index",
      `${url}/${name} is not what the signed Release file says: ${bytes.length} bytes with SHA-256 ${sum}, ` +
        `but ${file.size} bytes with ${file.sha256} were announced`,
      { hint: "the mirror may be in the midst of an update: try again in some minutes" },
    );
  }
  throw packageError("not-found", `${url}/${file.path}: the server does not have it, though the Release file lists it`);
}
