// SPDX-License-Identifier: Apache-2.0
import { gpgSign } from "../gpg.ts";
import { appendSignature, type Detached } from "./detached.ts";
import type { SignType } from "./model.ts";
import { signBytes } from "./sign-bytes.ts";

/** Makes signatures of one kind with one key. */
export interface Signer {
  readonly kind: "gpg" | SignType;
  sign(data: Uint8Array): Promise<Buffer>;
}

/** @param secret as parseSecretKey or readSecretKeys gives it */
export function keySigner(type: SignType, secret: Uint8Array): Signer {
  return { kind: type, sign: (data) => Promise.resolve(signBytes(type, secret, data)) };
}

export function gpgSigner(keyId: string, homedir?: string): Signer {
  return { kind: "gpg", sign: (data) => gpgSign(data, keyId, homedir) };
}

/** Adds signatures of `data`, one after the other. */
export async function signDetached(
  detached: Detached,
  data: Uint8Array,
  signers: readonly Signer[],
): Promise<Detached> {
  let signed = detached;
  for (const signer of signers) signed = appendSignature(signed, signer.kind, await signer.sign(data));
  return signed;
}
