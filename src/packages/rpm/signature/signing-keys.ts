// SPDX-License-Identifier: Apache-2.0
/**
 * Keys as plain data, with the word whether they may sign: what a keyring comes to when its own signatures are verified.
 * Loading the OpenPGP library and verifying those takes longer than verifying a hundred packages.
 */
import { createPublicKey } from "node:crypto";
import type { Keyring } from "../../keyring.ts";
import { startCheck } from "./check.ts";
import { type Candidate, listCandidates } from "./key.ts";
import { parseSignature, type SignaturePacket } from "./packet.ts";

/** A candidate whose key is the DER of its SubjectPublicKeyInfo in base64. It stands for the default policy. */
export type SigningKey = Omit<Candidate, "key"> & { readonly spki: string };

export async function listSigningKeys(keyring: Keyring): Promise<SigningKey[]> {
  const candidates = await listCandidates(keyring, "default");
  return candidates.map(({ key, ...rest }) => {
    return { ...rest, spki: key.export({ type: "spki", format: "der" }).toString("base64") };
  });
}

/** What was made of a key before: many packages are signed by one. */
const known = new WeakMap<SigningKey, Candidate>();

export function findSigningKeys(keys: readonly SigningKey[], keyId: string): Candidate[] {
  return keys.filter((one) => one.keyId === keyId).map(toCandidate);
}

function toCandidate(one: SigningKey): Candidate {
  const { spki, ...rest } = one;
  const candidate = known.get(one) ?? {
    ...rest,
    key: createPublicKey({ key: Buffer.from(spki, "base64"), format: "der", type: "spki" }),
  };
  known.set(one, candidate);
  return candidate;
}

/**
 * Whether a detached signature over `bytes`, binary or armored, is a good one by one of the keys. `false` also for what
 * only the OpenPGP library can read: several signatures, or one of text.
 */
export function isSignedBy(
  keys: readonly SigningKey[],
  bytes: Buffer,
  signature: Buffer,
  now = Math.floor(Date.now() / 1000),
): boolean {
  const packet = tryParse(signature);
  if (packet === undefined) return false;
  const check = startCheck(packet, findSigningKeys(keys, packet.keyId), "default", now);
  check.update(bytes);
  return packet.created <= now && check.finish().status === "good";
}

function tryParse(signature: Buffer): SignaturePacket | undefined {
  try {
    return parseSignature(dearmor(signature), "signature");
  } catch {
    return undefined;
  }
}

/** RFC 9580 section 6.2: headers, an empty line, base64, and a checksum that says nothing which the signature does not. */
function dearmor(bytes: Buffer): Buffer {
  const text =
    /-----BEGIN PGP SIGNATURE-----\r?\n(?:[^\n]*: [^\n]*\n)*\r?\n([A-Za-z0-9+/=\s]+?)(?:\r?\n=[A-Za-z0-9+/]{4})?\s*-----END/.exec(
      bytes.toString("latin1"),
    )?.[1];
  return text === undefined ? bytes : Buffer.from(text, "base64");
}
