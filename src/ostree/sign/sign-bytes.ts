// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "../errors.ts";
import { dummy } from "./dummy.ts";
import { ed25519 } from "./ed25519.ts";
import type { KeySet, SignEngine, SignType } from "./model.ts";
import { spki } from "./spki.ts";

const engines: Readonly<Record<SignType, SignEngine>> = { ed25519, spki, dummy };

export function engineOf(type: SignType): SignEngine {
  return engines[type];
}

/** A signature of `data` (ostree_sign_data). @param secret as readSecretKeys or parseSecretKey gives it */
export function signBytes(type: SignType, secret: Uint8Array, data: Uint8Array): Buffer {
  return engines[type].sign(secret, data);
}

/**
 * Signatures that are looked at. Each costs a check by every key: a file with a million of them would keep the host
 * busy for hours.
 */
export const signatureLimit = 256;

/** Stock names the keys that did not fit, unless they are more. */
const namedKeys = 3;

/**
 * Finds a signature of `data` by one of the keys (ostree_sign_data_verify).
 * @returns what libostree says of the first good one; throws `ostree-sign-verify` when there is none
 */
export function verifyBytes(type: SignType, keys: KeySet, data: Uint8Array, signatures: readonly Uint8Array[]): string {
  if (signatures.length > signatureLimit) {
    throw ostreeError("sign-verify", `${type}: more than ${signatureLimit} signatures`);
  }
  const trusted = keys.trusted.filter((key) => !keys.revoked.some((revoked) => Buffer.compare(revoked, key) === 0));
  for (const signature of signatures) {
    for (const key of trusted) if (engines[type].verify(key, data, signature)) return success(type, key);
  }
  throw ostreeError("sign-verify", failure(type, trusted, signatures.length));
}

function success(type: SignType, key: Uint8Array): string {
  if (type === "dummy") return "dummy: Signature verified";
  return `${type}: Signature verified successfully with key '${Buffer.from(key).toString("hex")}'`;
}

function failure(type: SignType, keys: readonly Uint8Array[], signatures: number): string {
  if (type === "dummy") {
    const found = signatures > 0 ? `incorrect signatures found: ${signatures}` : "no signatures";
    return `signature: dummy: ${found}`;
  }
  const tried = keys.length * signatures;
  if (tried === 0) return `${type}: no signatures found`;
  if (tried > namedKeys) return `${type}: Signature couldn't be verified; tried ${tried} keys`;
  const names = Array.from({ length: signatures }, () => keys).flat();
  const listed = names.map((key) => `key '${Buffer.from(key).toString("hex")}'`).join("; ");
  return `${type}: Signature couldn't be verified with: ${listed}`;
}
