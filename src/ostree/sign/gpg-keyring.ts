// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Key } from "openpgp";
import { isErrno, readIfExists, unlessErrno } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import { tryFindRemote } from "../remotes.ts";
import type { Repo } from "../repo.ts";
import { parseKeys } from "./gpg-keys.ts";
import { remoteKeyringPath } from "./keyring-path.ts";

/** GPG keys to check signatures by; read when they are needed, and once. */
export interface Keyring {
  keys(): Promise<readonly Key[]>;
}

/** What a keyring is put together from (_ostree_repo_gpg_prepare_verifier). */
export interface KeyringOptions {
  /** Name of the remote; none for the keyrings of all remotes. */
  readonly remote?: string | undefined;
  /** A directory with further keyrings, as GnuPG's home directory is. */
  readonly homedir?: string | undefined;
  /** Whether the system's keyrings count when the remote has none of its own. Default true. */
  readonly system?: boolean;
}

export function openKeyring(repo: Repo, options: KeyringOptions): Keyring {
  let loaded: Promise<readonly Key[]> | undefined;
  return { keys: () => (loaded ??= loadKeyring(repo, options)) };
}

/** The system's keyrings, which count for every remote without its own, and those of a GnuPG home directory. */
export function systemKeyring(homedir?: string): Keyring {
  const rings = () => [...systemKeyrings(), ...(homedir === undefined ? [] : readKeyrings(homedir))];
  return { keys: async () => mergeKeys((await Promise.all(rings().map(tryParse))).flat()) };
}

async function loadKeyring(repo: Repo, options: KeyringOptions): Promise<readonly Key[]> {
  const own = options.remote === undefined ? readKeyrings(repo.path) : remoteKeyring(repo, options.remote);
  const rings = [...own];
  if ((options.system ?? true) && (options.remote === undefined || own.length === 0)) rings.push(...systemKeyrings());
  if (options.homedir !== undefined) rings.push(...readKeyrings(options.homedir));
  const keys = await Promise.all(rings.map(tryParse));
  const value = options.remote === undefined ? undefined : tryFindRemote(repo, options.remote)?.option("gpgkeypath");
  for (const path of splitKeyPath(value)) keys.push(await readKeyPath(path));
  return mergeKeys(keys.flat());
}

/** The remote's own keyring, beside the repository's config or beside the file in remotes.d (find_keyring). */
function remoteKeyring(repo: Repo, name: string): Buffer[] {
  const remote = tryFindRemote(repo, name);
  const places = [repo.path, ...(remote ? [dirname(remote.file)] : [])];
  for (const place of places) {
    const bytes = readIfExists(remoteKeyringPath(place, name));
    if (bytes) return [bytes];
  }
  return [];
}

/** OSTREE_GPG_HOME, or where packages put keyrings (_ostree_gpg_verifier_add_global_keyring_dir). */
function systemKeyrings(): Buffer[] {
  return readKeyrings(process.env["OSTREE_GPG_HOME"] ?? "/usr/share/ostree/trusted.gpg.d");
}

/** Files that GnuPG keeps beside its keyrings under the same suffix. */
const noKeyrings = new Set(["trustdb.gpg", "secring.gpg"]);

function readKeyrings(path: string): Buffer[] {
  return filesIn(path)
    .filter((name) => name.endsWith(".gpg") && !noKeyrings.has(name))
    .map((name) => readFileSync(join(path, name)));
}

function filesIn(path: string): string[] {
  const entries = unlessErrno(["ENOENT", "ENOTDIR"], () => readdirSync(path, { withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

/**
 * The remote's `gpgkeypath`: files of keys, and directories of such files. Either separator will do, but not both
 * (ot_keyfile_get_string_list_with_separator_choice).
 */
function splitKeyPath(value: string | undefined): string[] {
  if (value === undefined) return [];
  if (value.includes(";") && value.includes(",")) {
    throw ostreeError("bad-config", `gpgkeypath=${value}: key value list contains more than one separator`);
  }
  const paths = value.split(/[;,]/);
  if (paths.at(-1) === "") paths.pop();
  return paths;
}

async function readKeyPath(path: string): Promise<Key[]> {
  try {
    return await parseKeys(readFileSync(path));
  } catch (error) {
    if (ostreeError.is(error, "gpg-keys")) throw error;
    if (isErrno(error, "EISDIR")) {
      // What else is in a directory does no harm.
      const files = filesIn(path).map((name) => tryParse(readFileSync(join(path, name))));
      return (await Promise.all(files)).flat();
    }
    const reason = isErrno(error, "ENOENT") ? "No such file or directory" : String(error);
    throw ostreeError("gpg-keys", `gpgkeypath: open(${path}): ${reason}`, { cause: error });
  }
}

/** A file that is no keyring holds no keys: what they signed counts as signed by unknown ones. */
async function tryParse(bytes: Uint8Array): Promise<Key[]> {
  try {
    return bytes.length === 0 ? [] : await parseKeys(bytes);
  } catch (error) {
    if (ostreeError.is(error, "gpg-keys")) return [];
    throw error;
  }
}

/** One key for each fingerprint: a revocation counts whichever of the keyrings it is in. */
async function mergeKeys(keys: readonly Key[]): Promise<Key[]> {
  const merged = new Map<string, Key>();
  for (const key of keys) {
    const known = merged.get(key.getFingerprint());
    merged.set(key.getFingerprint(), known ? await known.update(key.toPublic()) : key.toPublic());
  }
  return [...merged.values()];
}
