// SPDX-License-Identifier: Apache-2.0
import {
  type Checksum,
  commitSignatures as checkSignatures,
  openKeyring,
  type Repo,
  type SignatureResult,
  tryFindRemote,
} from "../ostree/index.ts";

/**
 * A signature as rpm-ostree's JSON has it: the attributes of OstreeGpgSignatureAttr in their order. What is not known is
 * empty or 0.
 */
export type SignatureTuple = readonly [
  valid: boolean,
  sigExpired: boolean,
  keyExpired: boolean,
  keyRevoked: boolean,
  keyMissing: boolean,
  fingerprint: string,
  timestamp: number,
  expires: number,
  keyAlgorithm: string,
  hashAlgorithm: string,
  userName: string,
  userEmail: string,
];

/** Checks the signatures of a commit by the keys of the remote that it came from. None: it is not signed. */
export async function commitSignatures(repo: Repo, remote: string, checksum: Checksum): Promise<SignatureTuple[]> {
  if (tryFindRemote(repo, remote) === undefined || !repo.has(checksum, "commit")) return [];
  const results = await checkSignatures(repo, checksum, openKeyring(repo, { remote }));
  return results.map(signatureTuple);
}

function signatureTuple(result: SignatureResult): SignatureTuple {
  const { valid, problem, fingerprint, created, expires, keyAlgorithm, hashAlgorithm } = result;
  return [
    valid,
    problem === "expired-signature",
    problem === "expired-key",
    problem === "revoked-key",
    problem === "missing-key",
    fingerprint,
    seconds(created),
    seconds(expires),
    keyAlgorithm,
    hashAlgorithm,
    result.userName ?? "",
    result.userEmail ?? "",
  ];
}

function seconds(date: Date | undefined): number {
  return date === undefined ? 0 : Math.floor(date.getTime() / 1000);
}
