// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "../errors.ts";

/** Kinds of signatures other than GPG's, in the order in which libostree tries them (ostree-sign.c sign_types). */
export const signTypes = ["ed25519", "spki", "dummy"] as const;
export type SignType = (typeof signTypes)[number];

/** Kinds of signatures, as they stand side by side in detached metadata. */
export type SignatureKind = "gpg" | SignType;

/** What `--sign-type` means when it is not given. */
export const defaultSignType: SignType = "ed25519";

/** ostree_sign_get_by_name */
export function parseSignType(text: string): SignType {
  const type = signTypes.find((type) => type === text);
  if (!type) throw ostreeError("sign-keys", "Requested signature type is not implemented");
  return type;
}

/** Public keys of one type: raw bytes for ed25519, DER of a SubjectPublicKeyInfo for spki, the word itself for dummy. */
export interface KeySet {
  readonly trusted: readonly Uint8Array[];
  /** Keys that count for nothing although they are among the trusted ones. */
  readonly revoked: readonly Uint8Array[];
}

/** How one type of signature is made and checked. */
export interface SignEngine {
  /** Checks and converts a secret key as it stands in a key file. */
  secretKey(bytes: Uint8Array): Uint8Array;
  publicKey(bytes: Uint8Array): Uint8Array;
  sign(secret: Uint8Array, data: Uint8Array): Buffer;
  /** Throws `ostree-sign-verify` when the signature cannot even be one. */
  verify(key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
}
