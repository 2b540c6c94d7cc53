// SPDX-License-Identifier: Apache-2.0
/** OpenPGP keyrings, and texts verified with them as apt-secure(8) does: one good signature by a key of the keyring is enough. */
import { existsSync } from "node:fs";
import type { Key, verify as verifyMessage } from "openpgp";
import { readIfExists } from "../base/index.ts";
import { packageError } from "./errors.ts";

/** Where distributions keep the keys of Debian's archive; since Debian 13 with the suffix .pgp. */
export const defaultKeyrings = [
  "/usr/share/keyrings/debian-archive-keyring.gpg",
  "/usr/share/keyrings/debian-archive-keyring.pgp",
] as const;

/** The name of the keyring that `signedBy` means, for messages. */
export interface Keyring {
  readonly name: string;
  readonly keys: readonly Key[];
}

type VerificationResult = Awaited<ReturnType<typeof verifyMessage>>["signatures"][number];

const armorStart = "-----BEGIN PGP";

/**
 * Loads a keyring, binary or armored.
 * @param signedBy path, several of them with commas between, or the armored text itself; default: Debian's archive
 */
export async function loadKeyring(signedBy?: string): Promise<Keyring> {
  if (signedBy?.trimStart().startsWith(armorStart))
    return parseKeyring(Buffer.from(dotless(signedBy)), "the embedded key");
  const paths = signedBy?.split(/\s*,\s*/) ?? [];
  if (paths.length > 1) {
    const all = await Promise.all(paths.map((path) => loadKeyring(path)));
    return { name: all.map(({ name }) => name).join(", "), keys: all.flatMap(({ keys }) => keys) };
  }
  const path = signedBy ?? defaultKeyrings.find((name) => existsSync(name)) ?? defaultKeyrings[0];
  const bytes = readIfExists(path);
  if (bytes === undefined) {
    throw packageError("keyring", `the keyring ${path} does not exist`, {
      hint: "install debian-archive-keyring, or name the archive's keyring in the source",
    });
  }
  return parseKeyring(bytes, path);
}

/** In a .sources file an empty line of the key is written as a dot (sources.list(5), Signed-By). */
function dotless(text: string): string {
  return text.replace(/^[ \t]*\.?[ \t]*$/gm, "").replace(/^[ \t]+/gm, "");
}

/** The keys in binary or armored bytes; of several armored blocks, one after another, all. */
export async function parseKeyring(bytes: Buffer, name: string): Promise<Keyring> {
  const { readKeys } = await import("openpgp");
  try {
    if (!bytes.includes(armorStart)) return { name, keys: await readKeys({ binaryKeys: bytes }) };
    const blocks = bytes.toString("utf8").match(/-----BEGIN PGP[^]*?-----END PGP[^\n]*/g) ?? [];
    const keys: Key[] = [];
    for (const armoredKeys of blocks) keys.push(...(await readKeys({ armoredKeys }).catch(unlessUnknownKind)));
    if (keys.length === 0) throw new Error("it has no whole armored block with a key that can be read");
    return { name, keys };
  } catch (error) {
    throw packageError("keyring", `${name} is no OpenPGP keyring: ${(error as Error).message}`, { cause: error });
  }
}

/** The library leaves out keys of kinds that it does not know, as ML-DSA; others beside them are good. */
function unlessUnknownKind(error: unknown): Key[] {
  if ((error as Error).message !== "No key packet found") throw error;
  return [];
}

/** Verifies a clear-signed text (InRelease) and returns what was signed. @param what the file's name, for errors */
export async function verifyClearsigned(bytes: Buffer, keyring: Keyring, what: string): Promise<string> {
  const { readCleartextMessage, verify } = await import("openpgp");
  const text = bytes.toString("utf8");
  // Text outside of the signed part would be trusted by a careless reader (CVE-2013-1051).
  if (!/^-----BEGIN PGP SIGNED MESSAGE-----\r?\n[^]*-----END PGP SIGNATURE-----\s*$/.test(text)) {
    throw packageError("unsigned", `${what} is not a clear-signed text`);
  }
  let message;
  try {
    message = await readCleartextMessage({ cleartextMessage: text });
  } catch (error) {
    throw packageError("bad-signature", `${what}: ${(error as Error).message}`, { cause: error });
  }
  const { signatures } = await verify({ message, verificationKeys: [...keyring.keys] });
  await requireGood(signatures, keyring, what);
  return message.getText();
}

/** Verifies a detached signature (Release.gpg, binary or armored) over `bytes`. */
export async function verifyDetached(bytes: Buffer, signature: Buffer, keyring: Keyring, what: string): Promise<void> {
  const { createMessage, readSignature, verify } = await import("openpgp");
  let parsed;
  try {
    parsed = signature.includes(armorStart)
      ? await readSignature({ armoredSignature: signature.toString("utf8") })
      : await readSignature({ binarySignature: signature });
  } catch (error) {
    throw packageError("bad-signature", `${what}: ${(error as Error).message}`, { cause: error });
  }
  const message = await createMessage({ binary: bytes });
  const { signatures } = await verify({ message, signature: parsed, verificationKeys: [...keyring.keys] });
  await requireGood(signatures, keyring, what);
}

type FailureCode = "bad-signature" | "expired-key" | "unknown-key";

async function requireGood(signatures: VerificationResult[], keyring: Keyring, what: string): Promise<void> {
  const failures: { readonly code: FailureCode; readonly text: string }[] = [];
  for (const signature of signatures) {
    const failure = await failureOf(signature, keyring);
    if (failure === undefined) return;
    failures.push(failure);
  }
  // The most telling one first: a key of ours that did not verify says more than a foreign key beside it.
  const order: readonly FailureCode[] = ["bad-signature", "expired-key", "unknown-key"];
  const worst = order.flatMap((code) => failures.filter((failure) => failure.code === code))[0];
  if (worst === undefined) throw packageError("unsigned", `${what} has no signature`);
  throw packageError(worst.code, `${what}: ${worst.text}`);
}

async function failureOf(
  signature: VerificationResult,
  keyring: Keyring,
): Promise<{ readonly code: FailureCode; readonly text: string } | undefined> {
  const id = signature.keyID.toHex().toUpperCase();
  const key = keyring.keys.find((one) => one.getKeys(signature.keyID).length > 0);
  if (key === undefined) {
    return { code: "unknown-key", text: `it is signed with key ${id}, which is not in ${keyring.name}` };
  }
  try {
    await signature.verified;
  } catch (error) {
    return { code: "bad-signature", text: `the signature by key ${id} is bad (${(error as Error).message})` };
  }
  // The library holds a signature against the time when it was made; apt wants a key that is valid today (EXPKEYSIG).
  const expires = await expiration(key, id);
  if (expires === undefined || expires > new Date()) return undefined;
  const day = expires.toISOString().slice(0, 10);
  return { code: "expired-key", text: `key ${id}, with which it is signed, expired on ${day}` };
}

/** The earlier of the expiration of the key and of the subkey with this id. */
async function expiration(key: Key, id: string): Promise<Date | undefined> {
  const times = [await key.getExpirationTime()];
  const subkey = key.getSubkeys().find((one) => one.getKeyID().toHex().toUpperCase() === id);
  if (subkey !== undefined) times.push(await subkey.getExpirationTime());
  const dates = times.filter((time) => time instanceof Date);
  return dates.length === 0 ? undefined : new Date(Math.min(...dates.map(Number)));
}
