// SPDX-License-Identifier: Apache-2.0
/** The digests of a package over its own parts: rpm's lib/rpmvs.c. They find damage; forgery is found by signatures. */
import { createHash } from "node:crypto";
import { packageError } from "../errors.ts";
import type { RpmHeader } from "./header.ts";
import { headerMagic, type PackageParts } from "./lead.ts";
import { signatureTag, type Tag, tag } from "./tags.ts";

export interface RpmDigest {
  readonly range: "header" | "payload" | "header+payload";
  /** In Node's words: `sha256`, `sha3-256`, `md5`. */
  readonly algorithm: string;
  /** Over the payload before it was compressed. */
  readonly uncompressed: boolean;
  readonly hex: string;
}

/** The digests of the header, which are checked at once. Throws `packages-bad-digest`. */
export function checkHeaderDigests({ header, signature }: PackageParts, path: string): RpmDigest[] {
  const found: RpmDigest[] = [];
  for (const [algorithm, one] of [
    ["sha3-256", signatureTag.sha3],
    ["sha256", signatureTag.sha256],
    ["sha1", signatureTag.sha1],
  ] as const) {
    const hex = signature.string(one);
    if (hex === undefined) continue;
    const digest: RpmDigest = {
      range: "header",
      algorithm,
      uncompressed: false,
      hex: checkedHex(hex, algorithm, path),
    };
    const made = createHash(algorithm).update(headerMagic).update(header.bytes).digest("hex");
    if (made !== digest.hex) throw badDigest(digest, made, path);
    found.push(digest);
  }
  return found;
}

const payloadTags: readonly (readonly [string, Tag<"string" | "strings">, boolean])[] = [
  ["sha256", tag.payloadSha256, false],
  ["sha512", tag.payloadSha512, false],
  ["sha3-256", tag.payloadSha3, false],
  ["sha256", tag.payloadSha256Alt, true],
  ["sha512", tag.payloadSha512Alt, true],
  ["sha3-256", tag.payloadSha3Alt, true],
];

/** The digests of the payload in the header, the preferred one first. Throws `packages-rpm` for one that is none. */
export function payloadDigests(header: RpmHeader, path: string): RpmDigest[] {
  return payloadTags.flatMap(([algorithm, one, uncompressed]) => {
    const hex = header.string(one);
    if (hex === undefined) return [];
    return [{ range: "payload" as const, algorithm, uncompressed, hex: checkedHex(hex, algorithm, path) }];
  });
}

/** The MD5 sum over header and payload that packages had before there was a digest of the payload in the header. */
export function legacyDigest(signature: RpmHeader, path: string): RpmDigest | undefined {
  const bytes = signature.binary(signatureTag.md5);
  if (bytes === undefined) return undefined;
  return {
    range: "header+payload",
    algorithm: "md5",
    uncompressed: false,
    hex: checkedHex(bytes.toString("hex"), "md5", path),
  };
}

/** A digest that is made while the payload is read, and compared at its end. */
export interface RunningDigest {
  readonly digest: RpmDigest;
  update(piece: Buffer): void;
  /** Throws `packages-bad-digest`. */
  finish(): void;
}

export function runDigest(digest: RpmDigest, header: RpmHeader, path: string): RunningDigest {
  const hash = createHash(digest.algorithm);
  if (digest.range === "header+payload") hash.update(headerMagic).update(header.bytes);
  return {
    digest,
    update: (piece) => void hash.update(piece),
    finish() {
      const made = hash.digest("hex");
      if (made !== digest.hex) throw badDigest(digest, made, path);
    },
  };
}

const lengths: Readonly<Record<string, number>> = { md5: 32, sha1: 40, sha256: 64, "sha3-256": 64, sha512: 128 };

function checkedHex(hex: string, algorithm: string, path: string): string {
  if (hex.length === lengths[algorithm] && /^[0-9a-fA-F]+$/.test(hex)) return hex.toLowerCase();
  throw packageError("rpm", `${path}: its ${algorithm} digest is none`);
}

function badDigest({ range, algorithm, hex }: RpmDigest, made: string, path: string): Error {
  const part = range === "header+payload" ? "header and payload" : range;
  return packageError("bad-digest", `${path}: the ${algorithm} digest of the ${part} is ${made}, it should be ${hex}`, {
    hint: "the file is damaged or cut off; fetch it anew",
  });
}
