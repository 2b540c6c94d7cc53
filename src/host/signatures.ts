// SPDX-License-Identifier: Apache-2.0
import { readGVariant } from "../formats/index.ts";
import {
  type Checksum,
  loadKeyrings,
  type Repo,
  type SignatureResult,
  tryFindRemote,
  verifySignatures,
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
  const found = tryFindRemote(repo, remote);
  if (found === undefined || !repo.has(checksum, "commit") || !repo.has(checksum, "commitmeta")) return [];
  const signatures = readSignatures(repo.loadMetadata(checksum, "commitmeta"));
  if (signatures.length === 0) return [];
  const keyrings = loadKeyrings({ repo: repo.path, remote, extra: found.gpgKeyPath });
  const results = await verifySignatures(repo.loadMetadata(checksum, "commit"), signatures, keyrings);
  return results.map(signatureTuple);
}

/** Detached metadata: `a{sv}` with `ostree.gpgsigs` `aay`. */
function readSignatures(bytes: Uint8Array): Uint8Array[] {
  const metadata = readGVariant("a{sv}", bytes, "detached metadata");
  const entry = metadata instanceof Map ? metadata.get("ostree.gpgsigs") : undefined;
  return entry?.type === "aay" ? (entry.value as Uint8Array[]) : [];
}

function signatureTuple(result: SignatureResult): SignatureTuple {
  const problem = result.problem ?? "";
  const [, name = "", email = ""] = /^(.*?)\s*(?:<([^>]*)>)?$/.exec(result.userId ?? "") ?? [];
  return [
    result.valid,
    problem.startsWith("Expired signature"),
    problem.startsWith("Key expired"),
    problem.startsWith("Key revoked"),
    problem.includes("public key not found"),
    result.fingerprint ?? result.keyId,
    result.created === undefined ? 0 : Math.floor(result.created.getTime() / 1000),
    0,
    "",
    "",
    name,
    email,
  ];
}
