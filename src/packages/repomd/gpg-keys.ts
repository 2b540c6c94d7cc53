// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { join } from "node:path";
import { getBytes, makeDirectories, readIfExists, writeFileAtomic } from "../../base/index.ts";
import { decodeCacheFile, encodeCacheFile } from "../cache-file.ts";
import { type Keyring, parseKeyring, verifyDetached } from "../keyring.ts";
import { isSignedBy, listSigningKeys, type SigningKey } from "../rpm/signature/signing-keys.ts";
import { packageError } from "../errors.ts";
import { requestOptions } from "./connection.ts";
import { localPath } from "./mirrors.ts";
import type { RpmSource } from "./model.ts";

const keyLimit = 1 << 20;

/** The keys of a repository (`gpgkey`), with which its metadata and its packages are signed. */
export interface RepositoryKeys {
  /** For messages. */
  readonly name: string;
  /** Names the content of the keys' files, and so what was verified with them. */
  readonly identity: string;
  readonly signing: readonly SigningKey[];
  /** All that the files have. */
  keyring(): Promise<Keyring>;
}

interface KeyOptions {
  readonly cacheDir: string;
  readonly offline?: boolean;
}

/**
 * Loads the keys of a repository. A file that is fetched is kept in the cache, and asked for again only when it is not
 * there; so is what was found of the keys, under the name of the files' content.
 */
export async function loadRepositoryKeys(source: RpmSource, options: KeyOptions): Promise<RepositoryKeys> {
  const urls = source.gpgKeys ?? [];
  if (urls.length === 0) {
    throw packageError("keyring", `${source.id}: signatures are to be checked, but no gpgkey is named`, {
      hint: "add gpgkey=URL to the repository's section, or gpgcheck=0 if you must",
    });
  }
  const files: { readonly url: string; readonly bytes: Buffer }[] = [];
  for (const url of urls) files.push({ url, bytes: await readKey(url, source, options) });
  const name = `the gpgkey of ${source.id}`;
  const keyring = async () => {
    const keys: Keyring["keys"][number][] = [];
    for (const { url, bytes } of files) keys.push(...(await parseKeyring(bytes, url)).keys);
    return { name, keys };
  };
  const hash = createHash("sha256");
  for (const { bytes } of files) hash.update(`${bytes.length} `).update(bytes);
  const identity = hash.digest("hex");
  return { name, identity, signing: await signingKeys(identity, keyring, options.cacheDir), keyring };
}

/** Of the form and of what the OpenPGP library makes of a key. */
const signingVersion = "signing keys 1";

async function signingKeys(
  identity: string,
  keyring: () => Promise<Keyring>,
  cacheDir: string,
): Promise<readonly SigningKey[]> {
  const directory = keyDirectory(cacheDir);
  const path = join(directory, `${identity}.signing`);
  const kept = readIfExists(path);
  const text = kept && decodeCacheFile(kept, signingVersion)?.parts[0]?.toString();
  if (text !== undefined) return JSON.parse(text) as SigningKey[];
  const made = await listSigningKeys(await keyring());
  makeDirectories(directory);
  writeFileAtomic(path, Buffer.concat(encodeCacheFile(signingVersion, {}, [Buffer.from(JSON.stringify(made))])));
  return made;
}

/** Verifies a detached signature over a file of the repository's metadata. Throws what `verifyDetached` does. */
export async function verifyMetadata(
  bytes: Buffer,
  signature: Buffer,
  keys: RepositoryKeys,
  what: string,
): Promise<void> {
  if (isSignedBy(keys.signing, bytes, signature)) return;
  await verifyDetached(bytes, signature, await keys.keyring(), what);
}

function keyDirectory(cacheDir: string): string {
  return join(cacheDir, "repomd", "keys");
}

async function readKey(url: string, source: RpmSource, { cacheDir, offline = false }: KeyOptions): Promise<Buffer> {
  const path = localPath(url);
  if (path !== undefined) {
    const bytes = readIfExists(path);
    if (bytes !== undefined) return bytes;
    throw packageError("keyring", `${source.id}: the key ${path} does not exist`);
  }
  const directory = keyDirectory(cacheDir);
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
