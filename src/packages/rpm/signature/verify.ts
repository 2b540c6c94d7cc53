// SPDX-License-Identifier: Apache-2.0
/** The signatures of a package: rpm's lib/rpmvs.c. */
import { packageError } from "../../errors.ts";
import type { Keyring } from "../../keyring.ts";
import { headerMagic, type PackageParts } from "../lead.ts";
import { signatureTag } from "../tags.ts";
import { describeAlgorithm, type RunningSignature, type SignatureStatus, startCheck, type Verdict } from "./check.ts";
import { type Candidate, findCandidates, type SignaturePolicy } from "./key.ts";
import { parseSignature, type SignaturePacket } from "./packet.ts";
import { findSigningKeys, type SigningKey } from "./signing-keys.ts";

/** A signature with what is known of it. */
export interface RpmSignature {
  readonly range: "header" | "header+payload";
  /** Of the OpenPGP packet. */
  readonly version: number;
  /** `RSA/SHA256`. */
  readonly algorithm: string;
  readonly keyId: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** `unchecked`: it is over the payload too, which need not be read when another one vouches for it. */
  readonly status: SignatureStatus | "unchecked";
  readonly reason?: string;
  /** Of the key that made it, where it is in the keyring. */
  readonly fingerprint?: string;
  readonly userId?: string;
}

export interface VerifyOptions {
  readonly keyring?: Keyring;
  /** In place of a keyring; of the default policy. */
  readonly signingKeys?: readonly SigningKey[];
  readonly policy?: SignaturePolicy;
  /** Seconds since 1970 against which expirations are held; default: now. */
  readonly now?: number;
}

interface Found {
  readonly range: RpmSignature["range"];
  readonly packet: SignaturePacket;
}

/** As many as a signature header may hold; each costs arithmetic with long numbers. */
const signatureLimit = 32;

/** `rpmvsInit`: the older tags are not looked at where there are those of format 6. */
function listSignatures({ signature }: PackageParts, path: string): Found[] {
  const modern = signature.strings(signatureTag.openPgp);
  if (modern.length > signatureLimit) throw packageError("rpm", `${path}: has ${modern.length} signatures`);
  if (modern.length > 0) {
    return modern.map((text) => ({ range: "header", packet: parseSignature(decodeBase64(text, path), path) }));
  }
  const legacy = [
    ["header", signatureTag.rsa],
    ["header", signatureTag.dsa],
    ["header+payload", signatureTag.pgp],
    ["header+payload", signatureTag.gpg],
  ] as const;
  return legacy.flatMap(([range, one]) => {
    const bytes = signature.binary(one);
    return bytes === undefined ? [] : [{ range, packet: parseSignature(bytes, path) }];
  });
}

function decodeBase64(text: string, path: string): Buffer {
  if (!/^[A-Za-z0-9+/=\s]+$/.test(text)) throw packageError("bad-signature", `${path}: a signature that is not base64`);
  return Buffer.from(text, "base64");
}

/**
 * Verifies what can be: signatures over the header at once, those over header and payload only where nothing else vouches
 * for one of them. `readPayload` gives the payload's bytes to its argument, whole.
 * @param digestInHeader whether the header has a digest of the payload, so that who signs the header signs the payload
 */
export async function verifySignatures(
  parts: PackageParts,
  path: string,
  digestInHeader: boolean,
  readPayload: (update: (piece: Buffer) => void) => void,
  options: VerifyOptions,
): Promise<RpmSignature[]> {
  const { keyring, signingKeys, policy = "default", now = Math.floor(Date.now() / 1000) } = options;
  const found = listSignatures(parts, path);
  const verdicts = new Map<Found, Verdict>();
  const pending: { one: Found; run: RunningSignature }[] = [];
  for (const one of found) {
    const candidates = await candidatesFor(one.packet.keyId, options);
    const run = startCheck(one.packet, candidates, policy, now);
    run.update(headerMagic);
    run.update(parts.header.bytes);
    if (one.range === "header") verdicts.set(one, run.finish());
    else pending.push({ one, run });
  }
  const headerIsGood = [...verdicts.values()].some(({ status }) => status === "good");
  if (pending.length > 0 && (keyring ?? signingKeys) !== undefined && !(headerIsGood && digestInHeader)) {
    readPayload((piece) => {
      for (const { run } of pending) run.update(piece);
    });
    for (const { one, run } of pending) verdicts.set(one, run.finish());
  }
  return found.map((one) => describe(one, verdicts.get(one)));
}

async function candidatesFor(keyId: string, options: VerifyOptions): Promise<readonly Candidate[]> {
  const { keyring, signingKeys, policy = "default" } = options;
  if (signingKeys !== undefined) return findSigningKeys(signingKeys, keyId);
  return keyring === undefined ? [] : findCandidates(keyring, keyId, policy);
}

function describe({ range, packet }: Found, verdict: Verdict | undefined): RpmSignature {
  const { version, keyId, created } = packet;
  const { candidate, reason } = verdict ?? {};
  return {
    range,
    version,
    algorithm: describeAlgorithm(packet),
    keyId,
    created,
    status: verdict?.status ?? "unchecked",
    ...(reason === undefined ? {} : { reason }),
    ...(candidate === undefined ? {} : { fingerprint: candidate.fingerprint, userId: candidate.userId }),
  };
}

const codes = {
  bad: "bad-signature",
  "expired-key": "expired-key",
  untrusted: "untrusted-signature",
  "unknown-key": "unknown-key",
} as const;

/**
 * Refuses a package that nobody vouches for (`packages-unsigned`, `-unknown-key`, `-expired-key`, `-untrusted-signature`),
 * or that is not what was signed (`packages-bad-signature`).
 * @param allowUnsigned take all but what is not what was signed
 */
export function requireTrust(
  signatures: readonly RpmSignature[],
  digestInHeader: boolean,
  allowUnsigned: boolean,
  path: string,
): void {
  const bad = signatures.find(({ status }) => status === "bad");
  if (bad !== undefined) throw failure(bad, "bad", path);
  if (allowUnsigned) return;
  const good = signatures.filter(({ status }) => status === "good");
  // `rpmvsVerify`: a signature over the header alone vouches for the payload only through a digest of it in the header.
  if (good.some(({ range }) => range === "header+payload" || digestInHeader)) return;
  if (good.length > 0) {
    throw packageError("unsigned", `${path}: only the header is signed, and it has no digest of the payload`);
  }
  for (const status of ["expired-key", "untrusted", "unknown-key"] as const) {
    const one = signatures.find((signature) => signature.status === status);
    if (one !== undefined) throw failure(one, status, path);
  }
  throw packageError("unsigned", `${path}: is not signed`, {
    hint: "a local package may be allowed without a signature",
  });
}

function failure(signature: RpmSignature, status: keyof typeof codes, path: string): Error {
  const { algorithm, keyId, reason, userId } = signature;
  const who = userId === undefined || userId === "" ? "" : ` (${userId})`;
  return packageError(codes[status], `${path}: ${algorithm} signature, key ${keyId}${who}: ${reason ?? status}`);
}
