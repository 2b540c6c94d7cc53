// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Key, PublicKey } from "openpgp";
import { listDirectory, readIfExists, runBytes, writeFileAtomic } from "../base/index.ts";
import { ostreeError } from "./errors.ts";

/** One signature and what became of its check. */
export interface SignatureResult {
  readonly valid: boolean;
  /** Why it is not valid, in GnuPG's words as libostree prints them. */
  readonly problem?: string;
  readonly keyId: string;
  readonly fingerprint?: string;
  readonly userId?: string;
  readonly created?: Date;
}

/** Where the keys of a remote are looked up. */
export interface KeyringPlaces {
  /** The repository's directory. */
  readonly repo: string;
  /** Name of the remote; none for the global keyrings only. */
  readonly remote?: string | undefined;
  /** The remote's `gpgkeypath` option: files or directories of keys. */
  readonly extra?: readonly string[];
}

/** Directory of the keyrings that count for every remote without its own (libostree: OSTREE_GPG_HOME, trusted.gpg.d). */
function globalKeyringDirectory(): string {
  return process.env["OSTREE_GPG_HOME"] ?? "/usr/share/ostree/trusted.gpg.d";
}

export function remoteKeyringPath(repo: string, remote: string): string {
  return join(repo, `${remote}.trustedkeys.gpg`);
}

/**
 * Bytes of the keyrings in force: the remote's own and its `gpgkeypath`; the global ones only when the remote has no
 * keyring (libostree: _ostree_repo_gpg_prepare_verifier).
 */
export function loadKeyrings(places: KeyringPlaces): Buffer[] {
  const own = places.remote === undefined ? undefined : readIfExists(remoteKeyringPath(places.repo, places.remote));
  const keyrings = own === undefined ? [] : [own];
  for (const path of places.extra ?? []) keyrings.push(...readKeyPath(path));
  if (own === undefined) keyrings.push(...readKeyringDirectory(globalKeyringDirectory(), ".gpg"));
  return keyrings;
}

function readKeyPath(path: string): Buffer[] {
  try {
    return [readFileSync(path)];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EISDIR") return readKeyringDirectory(path, "");
    throw ostreeError("gpg-keys", `cannot read the keys in ${path}`, { cause: error });
  }
}

function readKeyringDirectory(path: string, suffix: string): Buffer[] {
  return listDirectory(path)
    .filter((name) => name.endsWith(suffix))
    .map((name) => readFileSync(join(path, name)));
}

// Loaded when needed: it costs 60 ms of a start-up.
const loadOpenpgp = () => import("openpgp");

/** Parses keys, ASCII armored or binary. */
export async function parseKeys(bytes: Uint8Array): Promise<Key[]> {
  const openpgp = await loadOpenpgp();
  const text = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
  try {
    if (!text.trimStart().startsWith("-----BEGIN PGP")) {
      return await openpgp.readKeys({ binaryKeys: new Uint8Array(bytes) });
    }
    // A file may hold several armored blocks; the library reads one.
    const blocks = Buffer.from(bytes)
      .toString("latin1")
      .split(/(?=-----BEGIN PGP)/);
    const keys = await Promise.all(
      blocks
        .filter((block) => block.includes("BEGIN PGP"))
        .map((block) => openpgp.readKeys({ armoredKeys: block }) as Promise<Key[]>),
    );
    return keys.flat();
  } catch (error) {
    throw ostreeError("gpg-keys", `cannot read the GPG keys: ${(error as Error).message}`, { cause: error });
  }
}

/** Checks detached signatures (each may hold several) of `data` by the keys in `keyrings`. */
export async function verifySignatures(
  data: Uint8Array,
  signatures: readonly Uint8Array[],
  keyrings: readonly Uint8Array[],
): Promise<SignatureResult[]> {
  const openpgp = await loadOpenpgp();
  const keys = (await Promise.all(keyrings.map(parseKeys))).flat();
  const results: SignatureResult[] = [];
  for (const bytes of signatures) {
    const signature = await openpgp
      .readSignature({ binarySignature: new Uint8Array(bytes) })
      .catch((error: unknown) => error as Error);
    if (signature instanceof Error) {
      results.push({ valid: false, keyId: "unknown", problem: `BAD signature: ${signature.message}` });
      continue;
    }
    const message = await openpgp.createMessage({ binary: new Uint8Array(data) });
    const verified = await openpgp.verify({ message, signature, verificationKeys: keys as PublicKey[] });
    for (const one of verified.signatures) results.push(await judge(one, keys));
  }
  return results;
}

interface Verified {
  readonly keyID: { toHex(): string };
  readonly verified: Promise<true>;
  readonly signature: Promise<{ packets: ReadonlyArray<{ created: Date | null }> }>;
}

async function judge(one: Verified, keys: readonly Key[]): Promise<SignatureResult> {
  const keyId = one.keyID.toHex().toUpperCase();
  const wanted = keyId.toLowerCase();
  const key = keys.find((key) => key.getKeyIDs().some((id) => id.toHex() === wanted));
  // The promise must be awaited in any case: an unhandled rejection would end the process.
  const failure = await one.verified.then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  if (!key) return { valid: false, keyId, problem: "Can't check signature: public key not found" };
  const created = (await one.signature).packets[0]?.created ?? undefined;
  const userId = (await key.getPrimaryUser().catch(() => undefined))?.user.userID?.userID;
  const facts = {
    keyId,
    fingerprint: key.getFingerprint().toUpperCase(),
    ...(created ? { created } : {}),
    ...(userId === undefined ? {} : { userId }),
  };
  const problem = await keyProblem(key, wanted, failure);
  return problem === undefined ? { ...facts, valid: true } : { ...facts, valid: false, problem };
}

/** GnuPG accepts no signature by a key that is revoked or expired today, whenever it was made. */
async function keyProblem(key: Key, keyId: string, failure: string | undefined): Promise<string | undefined> {
  const now = Date.now();
  if (await key.isRevoked()) return "Key revoked";
  const expiration = await key.getExpirationTime();
  if (expiration instanceof Date && expiration.getTime() <= now) {
    return `Key expired ${expiration.toISOString().slice(0, 10)}`;
  }
  const subkey = key.subkeys.find((subkey) => subkey.getKeyID().toHex() === keyId);
  const ends = await subkey?.getExpirationTime();
  if (ends instanceof Date && ends.getTime() <= now) return `Key expired ${ends.toISOString().slice(0, 10)}`;
  if (failure === undefined) return undefined;
  if (/expired/i.test(failure)) return "Expired signature";
  return /digest|match/i.test(failure) ? "BAD signature" : `BAD signature: ${failure}`;
}

/**
 * Adds keys to the remote's keyring.
 * @param ids fingerprints or key IDs to take; all when empty
 * @returns how many were not there before
 */
export async function importKeys(
  repo: string,
  remote: string,
  bytes: Uint8Array,
  ids: readonly string[] = [],
): Promise<number> {
  const path = remoteKeyringPath(repo, remote);
  const existing = readIfExists(path);
  const ring = new Map<string, Key>();
  if (existing && existing.length > 0) for (const key of await parseKeys(existing)) ring.set(key.getFingerprint(), key);
  let added = 0;
  for (const key of selectKeys(await parseKeys(bytes), ids)) {
    const known = ring.get(key.getFingerprint());
    const merged = known ? await known.update(key.toPublic()) : key.toPublic();
    if (!known) added++;
    ring.set(key.getFingerprint(), merged);
  }
  writeFileAtomic(path, Buffer.concat([...ring.values()].map((key) => key.toPublic().write())));
  return added;
}

function selectKeys(keys: readonly Key[], ids: readonly string[]): readonly Key[] {
  if (ids.length === 0) return keys;
  return ids.map((id) => {
    const wanted = id.replace(/^0x/, "").toLowerCase();
    const found = keys.find(
      (key) =>
        (wanted.length >= 8 && key.getFingerprint().endsWith(wanted)) ||
        key.getUserIDs().some((user) => user.toLowerCase().includes(wanted)),
    );
    if (!found) throw ostreeError("gpg-keys", `Unable to find key "${id}"`);
    return found;
  });
}

/** A binary detached signature made by GnuPG, which holds the secret keys. */
export async function gpgSign(data: Uint8Array, keyId: string, homedir?: string): Promise<Buffer> {
  const home = homedir === undefined ? [] : ["--homedir", homedir];
  const args = [...home, "--batch", "--quiet", "--no-armor", "--local-user", keyId, "--detach-sign", "--output", "-"];
  return runBytes("gpg", args, { input: data });
}

/** As libostree prints a signature (ostree_gpg_verify_result_describe). */
export function describeSignature(result: SignatureResult): string {
  const made = result.created ? ` made ${result.created.toUTCString()}` : "";
  const lines = [`Signature${made} using key ID ${result.keyId}`];
  if (result.valid) lines.push(`Good signature from "${result.userId ?? "unknown"}"`);
  else lines.push(result.problem ?? "BAD signature");
  return lines.join("\n  ");
}
