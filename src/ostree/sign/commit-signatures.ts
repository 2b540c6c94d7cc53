// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileAtomic } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { type Detached, readDetached, signaturesIn, withSignatures, writeDetached } from "./detached.ts";
import { findKey } from "./gpg-keys.ts";
import type { Keyring } from "./gpg-keyring.ts";
import { type SignatureResult, verifySignatures } from "./gpg-verify.ts";
import type { KeySet, SignType } from "./model.ts";
import { verifyBytes } from "./sign-bytes.ts";
import { signCommitData, type Signer } from "./signer.ts";

/** A commit's detached metadata; nothing when it has none (ostree_repo_read_commit_detached_metadata). */
export function loadDetached(repo: Repo, commit: Checksum): Detached {
  const bytes = repo.has(commit, "commitmeta") ? repo.loadMetadata(commit, "commitmeta") : undefined;
  return readDetached(bytes, `${commit}.commitmeta`);
}

/** ostree_repo_write_commit_detached_metadata */
export function storeDetached(repo: Repo, commit: Checksum, detached: Detached): void {
  const path = repo.objectPath(commit, "commitmeta");
  mkdirSync(dirname(path), { recursive: true });
  writeFileAtomic(path, writeDetached(detached), { durable: repo.settings.fsync });
}

/** Adds a signature to a commit's detached metadata (ostree_sign_commit, ostree_repo_sign_commit). */
export async function signCommit(repo: Repo, commit: Checksum, signer: Signer): Promise<void> {
  const data = repo.loadMetadata(commit, "commit");
  storeDetached(repo, commit, await signCommitData(loadDetached(repo, commit), data, [signer]));
}

/** What libostree says of the first good signature; throws `ostree-sign-verify` when there is none. */
export function verifyCommit(repo: Repo, commit: Checksum, type: SignType, keys: KeySet): string {
  const signatures = signaturesIn(loadDetached(repo, commit), type);
  if (!signatures) throw ostreeError("sign-verify", `${type}: commit have no signatures of my type`);
  return verifyBytes(type, keys, repo.loadMetadata(commit, "commit"), signatures);
}

/** Removes the signatures that were made by these keys. @returns how many */
export function deleteSignatures(repo: Repo, commit: Checksum, type: SignType, keys: KeySet): number {
  const detached = loadDetached(repo, commit);
  const signatures = signaturesIn(detached, type) ?? [];
  const data = repo.loadMetadata(commit, "commit");
  const kept = signatures.filter((signature) => !isBy(type, keys, data, signature));
  if (kept.length < signatures.length) storeDetached(repo, commit, withSignatures(detached, type, kept));
  return signatures.length - kept.length;
}

function isBy(type: SignType, keys: KeySet, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    verifyBytes(type, keys, data, [signature]);
    return true;
  } catch (error) {
    if (ostreeError.is(error, "sign-verify")) return false;
    throw error;
  }
}

/** The GPG signatures of a commit, checked by the keys in `keyring` (ostree_repo_verify_commit_ext). */
export async function commitSignatures(repo: Repo, commit: Checksum, keyring: Keyring): Promise<SignatureResult[]> {
  const signatures = signaturesIn(loadDetached(repo, commit), "gpg") ?? [];
  if (signatures.length === 0) return [];
  return verifySignatures(repo.loadMetadata(commit, "commit"), signatures, keyring);
}

/** Removes the GPG signatures that the keys of these IDs made (ot-builtin-gpg-sign.c). @returns how many */
export async function deleteGpgSignatures(
  repo: Repo,
  commit: Checksum,
  ids: readonly string[],
  keyring: Keyring,
): Promise<number> {
  const detached = loadDetached(repo, commit);
  const signatures = signaturesIn(detached, "gpg") ?? [];
  if (signatures.length === 0) return 0;
  const keys = await keyring.keys();
  const primaries = new Set(ids.map((id) => findKey(keys, id)?.getFingerprint().toUpperCase()));
  const results = await verifySignatures(repo.loadMetadata(commit, "commit"), signatures, keyring);
  const gone = new Set(
    results.filter(({ primary }) => primary !== undefined && primaries.has(primary)).map(({ index }) => index),
  );
  const kept = signatures.filter((_, index) => !gone.has(index));
  if (gone.size > 0) storeDetached(repo, commit, withSignatures(detached, "gpg", kept));
  return gone.size;
}
