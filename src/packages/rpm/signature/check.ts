// SPDX-License-Identifier: Apache-2.0
/** One signature against the keys of a keyring, in time with the bytes that it is over. */
import { createHash, createVerify, type Hash, verify, type Verify } from "node:crypto";
import { digestAlgorithms } from "../file-table.ts";
import type { Candidate, SignaturePolicy } from "./key.ts";
import { algorithms, type SignaturePacket } from "./packet.ts";

export type SignatureStatus = "good" | "bad" | "unknown-key" | "expired-key" | "untrusted";

export interface Verdict {
  readonly status: SignatureStatus;
  /** The key, where there is one; with the reason, where it is not good. */
  readonly candidate?: Candidate;
  readonly reason?: string;
}

export interface RunningSignature {
  update(piece: Buffer): void;
  finish(): Verdict;
}

const algorithmNames: Readonly<Record<number, string>> = {
  1: "RSA",
  3: "RSA",
  17: "DSA",
  19: "ECDSA",
  22: "EdDSA",
  27: "Ed25519",
  28: "Ed448",
  30: "ML-DSA-65+Ed25519",
  31: "ML-DSA-87+Ed448",
};

/** `RSA/SHA256`, as rpm writes it. */
export function describeAlgorithm({ algorithm, hash }: SignaturePacket): string {
  const hashName = digestAlgorithms[hash]?.toUpperCase() ?? `hash ${hash}`;
  return `${algorithmNames[algorithm] ?? `algorithm ${algorithm}`}/${hashName}`;
}

/** Collisions can be made for these. */
const weakHashes = new Set(["md5", "sha1", "ripemd160"]);

/** Starts a check: the bytes go through `update`, then `finish` gives the verdict. */
export function startCheck(
  packet: SignaturePacket,
  candidates: readonly Candidate[],
  policy: SignaturePolicy,
  now: number,
): RunningSignature {
  const fixed = verdictBefore(packet, candidates, policy);
  if (fixed !== undefined) return { update() {}, finish: () => fixed };
  const hash = digestAlgorithms[packet.hash]!;
  const runs = candidates
    .filter(({ algorithm }) => algorithmFamily(algorithm) === algorithmFamily(packet.algorithm))
    .map((candidate) => ({ candidate, ...startMath(packet, candidate, hash) }));
  for (const run of runs) run.update(packet.salt);
  return {
    update(piece) {
      for (const run of runs) run.update(piece);
    },
    finish() {
      for (const run of runs) run.update(packet.trailer);
      const made = runs.find((run) => run.finish());
      if (made !== undefined) return verdictOf(packet, made.candidate, now);
      const candidate = candidates[0]!;
      return { status: "bad", candidate, reason: "the signature does not fit" };
    },
  };
}

function verdictBefore(
  packet: SignaturePacket,
  candidates: readonly Candidate[],
  policy: SignaturePolicy,
): Verdict | undefined {
  const hash = digestAlgorithms[packet.hash];
  if (hash === undefined || algorithmNames[packet.algorithm] === undefined || packet.algorithm >= 30) {
    return { status: "untrusted", reason: `signatures of ${describeAlgorithm(packet)} cannot be verified` };
  }
  if (policy === "default" && (weakHashes.has(hash) || packet.algorithm === algorithms.dsa)) {
    return { status: "untrusted", reason: `signatures of ${describeAlgorithm(packet)} are not safe` };
  }
  if (candidates.length === 0) return { status: "unknown-key", reason: "the keyring has no such key" };
  return undefined;
}

/** RSA has two numbers. */
function algorithmFamily(algorithm: number): number {
  return algorithm === algorithms.rsaSign ? algorithms.rsa : algorithm;
}

/** The mathematics fit: what is left is whether the key may be trusted for it. */
function verdictOf(packet: SignaturePacket, candidate: Candidate, now: number): Verdict {
  const { objection, expires, created } = candidate;
  if (objection !== undefined) return { status: "untrusted", candidate, reason: objection };
  if (packet.created < created) return { status: "untrusted", candidate, reason: "it is older than its key" };
  if (packet.expires !== undefined && packet.expires <= now) {
    return { status: "untrusted", candidate, reason: `the signature expired on ${day(packet.expires)}` };
  }
  if (expires !== undefined && expires <= now) {
    return { status: "expired-key", candidate, reason: `the key expired on ${day(expires)}` };
  }
  return { status: "good", candidate };
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

interface Run {
  update(piece: Buffer): void;
  finish(): boolean;
}

function startMath(packet: SignaturePacket, candidate: Candidate, hash: string): Run {
  const edwards =
    packet.algorithm === algorithms.eddsaLegacy ||
    packet.algorithm === algorithms.ed25519 ||
    packet.algorithm === algorithms.ed448;
  return edwards
    ? startEdwards(packet, candidate, createHash(hash))
    : startVerify(packet, candidate, createVerify(hash));
}

/** RFC 9580 section 5.2.3.3 and after: the curve signs the digest. */
function startEdwards(packet: SignaturePacket, { key, numberSize }: Candidate, hash: Hash): Run {
  return {
    update: (piece) => void hash.update(piece),
    finish: () => safely(() => verify(null, hash.digest(), key, joinValues(packet.values, numberSize))),
  };
}

function startVerify(packet: SignaturePacket, { key, numberSize }: Candidate, run: Verify): Run {
  const plain = packet.algorithm === algorithms.rsa || packet.algorithm === algorithms.rsaSign;
  const size = plain ? ((key.asymmetricKeyDetails?.modulusLength ?? 0) + 7) >> 3 : numberSize;
  return {
    update: (piece) => void run.update(piece),
    finish: () => safely(() => run.verify({ key, dsaEncoding: "ieee-p1363" }, joinValues(packet.values, size))),
  };
}

/** Numbers are written without leading zeros; the mathematics want them at full length. */
function joinValues(values: readonly Buffer[], size: number): Buffer {
  return Buffer.concat(
    values.map((value) => (value.length >= size ? value : Buffer.concat([Buffer.alloc(size - value.length), value]))),
  );
}

/** A signature that is no number of the field at all is as bad as a wrong one. */
function safely(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
