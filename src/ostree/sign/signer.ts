// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "../errors.ts";
import { appendSignature, type Detached, signaturesIn } from "./detached.ts";
import { gpgSecretKeyIds, gpgSign } from "./gpg-sign.ts";
import { signatureIssuers } from "./gpg-verify.ts";
import type { SignatureKind, SignType } from "./model.ts";
import { signBytes } from "./sign-bytes.ts";

/** Makes signatures of one kind with one key. */
export interface Signer {
  readonly kind: SignatureKind;
  sign(data: Uint8Array): Promise<Buffer>;
  /** Throws when the key has made one of these signatures. */
  refuseAgain?(signatures: readonly Uint8Array[]): Promise<void>;
}

/** @param secret as parseSecretKey or readSecretKeys gives it */
export function keySigner(type: SignType, secret: Uint8Array): Signer {
  return { kind: type, sign: (data) => Promise.resolve(signBytes(type, secret, data)) };
}

export function gpgSigner(keyId: string, homedir?: string): Signer {
  return {
    kind: "gpg",
    sign: (data) => gpgSign(data, keyId, homedir),
    async refuseAgain(signatures) {
      const ids = await gpgSecretKeyIds(keyId, homedir);
      const issuers = await signatureIssuers(signatures);
      if (!issuers.some((issuer) => ids.includes(issuer))) return;
      throw ostreeError("gpg-keys", `Commit is already signed with GPG key ${keyId}`);
    },
  };
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

/** As `signDetached`, for a commit: no GPG key signs it twice (ostree_repo_sign_commit). */
export async function signCommitData(
  detached: Detached,
  data: Uint8Array,
  signers: readonly Signer[],
): Promise<Detached> {
  let signed = detached;
  for (const signer of signers) {
    const before = signaturesIn(signed, signer.kind) ?? [];
    if (before.length > 0) await signer.refuseAgain?.(before);
    signed = await signDetached(signed, data, [signer]);
  }
  return signed;
}
