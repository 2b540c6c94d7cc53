// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { ostreeError } from "../errors.ts";
import type { SignEngine } from "./model.ts";

/** A key of this size is none: X.509 keys have some hundred bytes, post-quantum ones some thousand. */
const keyLimit = 64 << 10;

/**
 * The digest that OpenSSL takes by default: none of its own for Ed25519 and Ed448, SHA-256 for RSA and EC
 * (EVP_DigestSignInit without a digest).
 */
function digestOf(key: KeyObject): null | "sha256" {
  return ["rsa", "rsa-pss", "ec", "dsa"].includes(key.asymmetricKeyType ?? "") ? "sha256" : null;
}

function load(make: () => KeyObject): KeyObject {
  try {
    return make();
  } catch (error) {
    throw ostreeError("sign-keys", "openssl: Failed to initialize spki key", { cause: error });
  }
}

function checkSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length > keyLimit) throw ostreeError("sign-keys", `An spki key has more than ${keyLimit} bytes`);
  return bytes;
}

function readPublic(bytes: Uint8Array): KeyObject {
  return load(() => createPublicKey({ key: Buffer.from(bytes), format: "der", type: "spki" }));
}

/** PKCS #8, or the older forms that d2i_AutoPrivateKey takes as well. */
function readSecret(bytes: Uint8Array): KeyObject {
  const key = Buffer.from(bytes);
  const types = ["pkcs8", "sec1", "pkcs1"] as const;
  for (const type of types.slice(0, -1)) {
    try {
      return createPrivateKey({ key, format: "der", type });
    } catch {
      // Another form, perhaps.
    }
  }
  return load(() => createPrivateKey({ key, format: "der", type: "pkcs1" }));
}

/** Any key that X.509 has a form for (ostree-sign-spki.c). */
export const spki: SignEngine = {
  secretKey: checkSize,
  publicKey: checkSize,
  sign(secret, data) {
    const key = readSecret(secret);
    return sign(digestOf(key), data, key);
  },
  verify(bytes, data, signature) {
    const key = readPublic(bytes);
    return verify(digestOf(key), data, key, signature);
  },
};
