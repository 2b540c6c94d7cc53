// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { join } from "node:path";
import { getBytes, makeDirectories, readIfExists, writeFileAtomic } from "../../base/index.ts";
import { type Keyring, parseKeyring } from "../keyring.ts";
import { packageError } from "../errors.ts";
import { requestOptions } from "./connection.ts";
import { localPath } from "./mirrors.ts";
import type { RpmSource } from "./model.ts";

const keyLimit = 1 << 20;

/**
 * The keys of a repository (`gpgkey`), with which its metadata and its packages are signed. One that is fetched is kept
 * in the cache, and asked for again only when it is not there.
 */
export async function loadGpgKeys(
  source: RpmSource,
  options: { readonly cacheDir: string; readonly offline?: boolean },
): Promise<Keyring> {
  const urls = source.gpgKeys ?? [];
  if (urls.length === 0) {
    throw packageError("keyring", `${source.id}: signatures are to be checked, but no gpgkey is named`, {
      hint: "add gpgkey=URL to the repository's section, or gpgcheck=0 if you must",
    });
  }
  const keyrings = [];
  for (const url of urls) keyrings.push(await parseKeyring(await readKey(url, source, options), url));
  return { name: `the gpgkey of ${source.id}`, keys: keyrings.flatMap(({ keys }) => keys) };
}

async function readKey(
  url: string,
  source: RpmSource,
  { cacheDir, offline = false }: { readonly cacheDir: string; readonly offline?: boolean },
): Promise<Buffer> {
  const path = localPath(url);
  if (path !== undefined) {
    const bytes = readIfExists(path);
    if (bytes !== undefined) return bytes;
    throw packageError("keyring", `${source.id}: the key ${path} does not exist`);
  }
  const directory = join(cacheDir, "repomd", "keys");
  const cached = join(directory, createHash("sha256").update(url).digest("hex"));
  const known = readIfExists(cached);
  if (known !== undefined) return known;
  if (offline) throw packageError("offline", `${source.id}: the key ${url} is not in the cache`);
  const bytes = await getBytes(url, keyLimit, requestOptions(source));
  if (bytes === undefined) throw packageError("keyring", `${source.id}: the key ${url} is not there`);
  await parseKeyring(bytes, url);
  makeDirectories(directory);
  writeFileAtomic(cached, bytes);
  return bytes;
}
