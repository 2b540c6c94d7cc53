// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { ostreeError } from "../errors.ts";
import type { SignEngine } from "./model.ts";

const [seedSize, publicSize, signatureSize] = [32, 32, 64];

// What RFC 8410 puts before the 32 raw bytes of a secret and of a public key.
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");
const spki = Buffer.from("302a300506032b6570032100", "hex");

function checkLength(what: string, bytes: Uint8Array, expected: number): Uint8Array {
  if (bytes.length === expected) return bytes;
  throw ostreeError("sign-keys", `${what}: Ill-formed input: expected ${expected} bytes, got ${bytes.length} bytes`);
}

/** Ed25519 with libsodium's raw keys: the secret one is the seed followed by the public key (ostree-sign-ed25519.c). */
export const ed25519: SignEngine = {
  secretKey: (bytes) => checkLength("Invalid ed25519 secret key", bytes, seedSize + publicSize),
  publicKey: (bytes) => checkLength("Invalid ed25519 public key", bytes, publicSize),
  sign(secret, data) {
    const der = Buffer.concat([pkcs8, secret.subarray(0, seedSize)]);
    return sign(null, data, createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  },
  verify(key, data, signature) {
    if (signature.length !== signatureSize) {
      const sizes = `expected ${signatureSize} bytes, got ${signature.length} bytes`;
      throw ostreeError("sign-verify", `Invalid signature: Ill-formed input: ${sizes}`);
    }
    const der = Buffer.concat([spki, key]);
    return verify(null, data, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  },
};
