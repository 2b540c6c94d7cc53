// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from "node:crypto";

/** An Ed25519 key pair in libostree's forms. */
export interface Key {
  /** The public key, as a line of a key file. */
  readonly text: string;
  readonly secret: Uint8Array;
}

export function makeKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  return { text: raw.toString("base64"), secret: Buffer.concat([seed, raw]) };
}
