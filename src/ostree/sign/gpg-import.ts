// SPDX-License-Identifier: Apache-2.0
import type { Key } from "openpgp";
import { readIfExists, writeFileAtomic } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import { findKey, parseKeys } from "./gpg-keys.ts";
import { remoteKeyringPath } from "./keyring-path.ts";

/**
 * Adds keys to the remote's keyring; what is news of a key that is there, a revocation perhaps, is added to it
 * (ostree_repo_remote_gpg_import).
 * @param sources files of keys, armored or not
 * @param ids fingerprints, key IDs or users to take; all when empty
 * @returns how many were not there before
 */
export async function importKeys(
  repo: string,
  remote: string,
  sources: Uint8Array | readonly Uint8Array[],
  ids: readonly string[] = [],
): Promise<number> {
  const path = remoteKeyringPath(repo, remote);
  const existing = readIfExists(path);
  const known = existing && existing.length > 0 ? await parseKeys(existing) : [];
  const ring = new Map<string, Key>(known.map((key) => [key.getFingerprint(), key]));
  const given = await Promise.all((sources instanceof Uint8Array ? [sources] : sources).map(parseKeys));
  for (const key of selectKeys(given.flat(), ids)) {
    const old = ring.get(key.getFingerprint());
    ring.set(key.getFingerprint(), old ? await old.update(key.toPublic()) : key.toPublic());
  }
  writeFileAtomic(path, Buffer.concat([...ring.values()].map((key) => key.toPublic().write())));
  return ring.size - known.length;
}

function selectKeys(keys: readonly Key[], ids: readonly string[]): readonly Key[] {
  if (ids.length === 0 && keys.length === 0) {
    // gpgme_op_export_keys of none: an import that does nothing is a mistake in the command.
    throw ostreeError("gpg-keys", "GPG: Unable to export keys: No data", {
      hint: "name files of keys with --keyring, or give them with --stdin",
    });
  }
  if (ids.length === 0) return keys;
  return ids.map((id) => {
    const found = findKey(keys, id);
    if (!found) throw ostreeError("gpg-keys", `GPG: Unable to find key "${id}"`);
    return found;
  });
}
