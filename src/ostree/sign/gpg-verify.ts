// SPDX-License-Identifier: Apache-2.0
import type { Key, SignaturePacket, Subkey, UserIDPacket } from "openpgp";
import { ostreeError } from "../errors.ts";
import { loadOpenpgp } from "./gpg-keys.ts";
import type { Keyring } from "./gpg-keyring.ts";
import { signatureLimit } from "./sign-bytes.ts";

/** Why a signature is not valid. */
export type SignatureProblem = "bad" | "missing-key" | "revoked-key" | "expired-key" | "expired-signature";

/** One signature and what became of its check (OstreeGpgSignatureAttr). */
export interface SignatureResult {
  readonly valid: boolean;
  readonly problem?: SignatureProblem;
  /** More of a bad one, where it is not that the bytes are others. */
  readonly detail?: string;
  /** Which of the byte arrays it stood in. */
  readonly index: number;
  /** Last 16 digits of the fingerprint of the key that made it. */
  readonly keyId: string;
  /** Of the key or subkey that made it; the key ID alone when the signature does not tell and the key is not known. */
  readonly fingerprint: string;
  /** Of the primary key, when it is known. */
  readonly primary?: string;
  readonly userId?: string;
  readonly userName?: string;
  readonly userEmail?: string;
  readonly created?: Date;
  readonly expires?: Date;
  readonly keyExpires?: Date;
  readonly primaryExpires?: Date;
  /** In GnuPG's words: `RSA`, `EdDSA`. */
  readonly keyAlgorithm: string;
  readonly hashAlgorithm: string;
}

/** A signature has some hundred bytes; parsing a packet list of megabytes would take minutes. */
const byteLimit = 256 << 10;

/**
 * Checks detached signatures of `data`, each of which may be several packets. As for GnuPG, a key that is revoked or
 * expired today has never signed anything. Stricter than GnuPG's defaults: SHA-1 and RSA below 2048 bits do not count.
 */
export async function verifySignatures(
  data: Uint8Array,
  signatures: readonly Uint8Array[],
  keyring: Keyring,
): Promise<SignatureResult[]> {
  const openpgp = await loadOpenpgp();
  const keys = await keyring.keys();
  const message = await openpgp.createMessage({ binary: new Uint8Array(data) });
  const [literal] = message.packets;
  const results: SignatureResult[] = [];
  for (const [index, bytes] of signatures.entries()) {
    const packets = await parseSignature(bytes);
    if (packets.length === 0) results.push({ ...nothingKnown, index, detail: "No data" });
    for (const packet of packets) {
      // The limit bounds what a hostile server can make us compute.
      if (results.length >= signatureLimit) throw ostreeError("gpg-verify", `More than ${signatureLimit} signatures`);
      results.push({ index, ...(await judge(packet, literal as object, keys)) });
    }
  }
  return results;
}

const nothingKnown = {
  valid: false,
  problem: "bad",
  keyId: "0000000000000000",
  fingerprint: "",
  keyAlgorithm: "[unknown name]",
  hashAlgorithm: "[unknown name]",
} as const;

/** The packets of a signature; none when it is not one. */
async function parseSignature(bytes: Uint8Array): Promise<readonly SignaturePacket[]> {
  if (bytes.length > byteLimit) return [];
  const openpgp = await loadOpenpgp();
  try {
    const { packets } = await openpgp.readSignature({ binarySignature: new Uint8Array(bytes) });
    // A packet of an unknown version stands in the list as what it is: unparseable.
    return packets.filter((packet) => packet instanceof openpgp.SignaturePacket);
  } catch {
    // The library has many kinds of errors for bytes that are no signature.
    return [];
  }
}

/** The key ID of each signature; for those that are none, an empty string. */
export async function signatureIssuers(signatures: readonly Uint8Array[]): Promise<string[]> {
  const parsed = await Promise.all(signatures.map(parseSignature));
  return parsed.flatMap((packets) => packets.map((packet) => packet.issuerKeyID.toHex().toUpperCase()));
}

async function judge(
  packet: SignaturePacket,
  data: object,
  keys: readonly Key[],
): Promise<Omit<SignatureResult, "index">> {
  const keyId = packet.issuerKeyID.toHex();
  const facts = { keyId: keyId.toUpperCase(), ...signatureFacts(packet) };
  const key = keys.find((key) => key.getKeyIDs().some((id) => id.toHex() === keyId));
  if (!key) return { ...facts, valid: false, problem: "missing-key" };
  const part = key.getKeys(packet.issuerKeyID)[0] ?? key;
  const known = { ...facts, ...(await keyFacts(key, part)) };
  const failure = await findFailure(packet, data, key, part);
  return failure ? { ...known, valid: false, ...failure } : { ...known, valid: true };
}

function signatureFacts(packet: SignaturePacket) {
  const expires = packet.getExpirationTime();
  return {
    fingerprint: (packet.issuerFingerprint
      ? Buffer.from(packet.issuerFingerprint).toString("hex")
      : packet.issuerKeyID.toHex()
    ).toUpperCase(),
    ...(packet.created ? { created: packet.created } : {}),
    ...(expires instanceof Date ? { expires } : {}),
    keyAlgorithm: keyAlgorithms[packet.publicKeyAlgorithm ?? 0] ?? "[unknown name]",
    hashAlgorithm: hashAlgorithms[packet.hashAlgorithm ?? 0] ?? "[unknown name]",
  };
}

/** gpgme_pubkey_algo_name, by the numbers of RFC 9580 9.1 */
const keyAlgorithms: Readonly<Record<number, string>> = {
  1: "RSA",
  3: "RSA-S",
  17: "DSA",
  19: "ECDSA",
  22: "EdDSA",
  27: "EdDSA",
  28: "EdDSA",
};

/** gpgme_hash_algo_name, by the numbers of RFC 9580 9.5 */
const hashAlgorithms: Readonly<Record<number, string>> = {
  1: "MD5",
  2: "SHA1",
  3: "RIPEMD160",
  8: "SHA256",
  9: "SHA384",
  10: "SHA512",
  11: "SHA224",
};

async function keyFacts(key: Key, part: Key | Subkey) {
  const user = key.users.length === 0 ? undefined : await firstUser(key);
  const primaryExpires = await expiration(key);
  const keyExpires = part === key ? primaryExpires : await expiration(part);
  return {
    fingerprint: part.getFingerprint().toUpperCase(),
    primary: key.getFingerprint().toUpperCase(),
    ...(user ? { userId: user.userID, userName: userName(user), userEmail: user.email } : {}),
    ...(keyExpires ? { keyExpires } : {}),
    ...(primaryExpires ? { primaryExpires } : {}),
  };
}

/** The primary user, or the first one of a key that no longer has one. */
async function firstUser(key: Key) {
  const primary = await key.getPrimaryUser().catch(() => undefined);
  return (primary?.user ?? key.users.find(({ userID }) => userID !== null))?.userID ?? undefined;
}

/** The name without comment and address; a bare address is no name (gpgme's parse_user_id). */
function userName({ name, email, userID }: UserIDPacket): string {
  if (name !== "" || email === userID) return name;
  return (/^[^<(]*/.exec(userID)?.[0] ?? "").trim();
}

async function expiration(part: Key | Subkey): Promise<Date | undefined> {
  const found = await part.getExpirationTime();
  return found instanceof Date ? found : undefined;
}

interface Failure {
  readonly problem: SignatureProblem;
  readonly detail?: string;
}

async function findFailure(
  packet: SignaturePacket,
  data: object,
  key: Key,
  part: Key | Subkey,
): Promise<Failure | undefined> {
  const failure = await checkPacket(packet, data, part);
  if (failure) return failure;
  const reason = await key.getSigningKey(packet.issuerKeyID).then(
    (found) => (found.getFingerprint() === part.getFingerprint() ? undefined : "Another key has the same ID"),
    (error: unknown) => (error as Error).message,
  );
  if (reason === undefined) return undefined;
  if (await isRevoked(key, part)) return { problem: "revoked-key" };
  if (await isExpired(key, part)) return { problem: "expired-key" };
  return { problem: "bad", detail: reason };
}

/** The mathematics, and what the signature says of itself. Only signatures of a document's bytes or text will do. */
async function checkPacket(packet: SignaturePacket, data: object, part: Key | Subkey): Promise<Failure | undefined> {
  const { enums } = await loadOpenpgp();
  const type = packet.signatureType;
  if (type !== enums.signature.binary && type !== enums.signature.text) return { problem: "bad" };
  if (!packet.created || packet.created < part.getCreationTime()) {
    return { problem: "bad", detail: "The signature is older than its key" };
  }
  const message = await packet.verify(part.keyPacket, type, data, new Date(), true).then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  if (message === undefined) return undefined;
  if (message === "Signature is expired") return { problem: "expired-signature" };
  return /digest did not match|verification failed/i.test(message)
    ? { problem: "bad" }
    : { problem: "bad", detail: message };
}

async function isRevoked(key: Key, part: Key | Subkey): Promise<boolean> {
  if (await key.isRevoked()) return true;
  return part === key ? false : isSubkeyRevoked(part as Subkey);
}

/** The library's types ask for the signature and key that its own calls leave out to mean any and the primary one. */
export function isSubkeyRevoked(subkey: Subkey): Promise<boolean> {
  return (subkey as unknown as { isRevoked(): Promise<boolean> }).isRevoked();
}

async function isExpired(key: Key, part: Key | Subkey): Promise<boolean> {
  const ends = await Promise.all([expiration(key), expiration(part)]);
  return ends.some((end) => end !== undefined && end.getTime() <= Date.now());
}
