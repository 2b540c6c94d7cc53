// SPDX-License-Identifier: Apache-2.0
/** What a database keeps of a package: rpm's lib/package.c, `headerMergeLegacySigs`, and lib/psm.c, `dbAdd`. */
import { packageError } from "../../errors.ts";
import { encodeAfterRegion, type HeaderValue, numbersValue, type RpmHeader } from "../header.ts";
import { signatureTag, type Tag, tag } from "../tags.ts";

/** A package to put into a database. */
export interface InstalledRpm {
  readonly header: RpmHeader;
  readonly signatureHeader: RpmHeader;
  /** Seconds since 1970. */
  readonly installTime: number;
  /** Names the transaction; rpm takes the time at which it started. */
  readonly transaction: number;
  /** ELF classes that the system can run: 3 where it has both, 0 where it has but one (%_transaction_color). */
  readonly color: number;
  /** Of the whole package file, in hexadecimal; rpm keeps SHA-256 and SHA-512 since 6.0 (%_pkgverify_digests). */
  readonly packageDigests?: readonly { readonly algorithm: "sha256" | "sha512"; readonly hex: string }[];
  /** A state for each file of the header; without it all are `normal`. */
  readonly fileStates?: readonly RpmFileState[];
}

export type RpmFileState = "normal" | "replaced" | "not-installed" | "net-shared" | "wrong-color";

/** rpmfiles.h, `rpmfileState_e`. */
const fileStates: Readonly<Record<RpmFileState, number>> = {
  normal: 0,
  replaced: 1,
  "not-installed": 2,
  "net-shared": 3,
  "wrong-color": 4,
};

/** lib/package.c, `xlateTags`: where a tag of the signature header stands in the merged one; `either`: it may be in the main one. */
const translated: readonly (readonly [Tag, Tag, either?: boolean])[] = [
  [signatureTag.size, tag.sigSize],
  [signatureTag.pgp, tag.sigPgp],
  [signatureTag.md5, tag.sigMd5],
  [signatureTag.gpg, tag.sigGpg],
  [signatureTag.payloadSize, tag.archiveSize, true],
  [signatureTag.fileSignatures, tag.fileSignatures, true],
  [signatureTag.fileSignatureLength, tag.fileSignatureLength, true],
  [signatureTag.veritySignatures, tag.veritySignatures],
  [signatureTag.veritySignatureAlgorithm, tag.veritySignatureAlgorithm],
  [signatureTag.sha1, tag.sha1Header],
  [signatureTag.sha256, tag.sha256Header],
  [signatureTag.sha3, tag.sha3Header],
  [signatureTag.dsa, tag.dsaHeader],
  [signatureTag.rsa, tag.rsaHeader],
  [signatureTag.longSize, tag.longSigSize],
  [signatureTag.longArchiveSize, tag.longArchiveSize],
  [signatureTag.openPgp, tag.openPgp],
];

/** Numbers from here on are tags of their own in the main header (HEADER_TAGBASE); packages of format 6 do not use them. */
const tagBase = 1000;

/** The header as it is stored. Throws `packages-rpm` for a package of format v3, and for one that has a tag in both headers. */
export function encodeInstalled(installed: InstalledRpm, what: string): Buffer {
  const { header, installTime, transaction, color, packageDigests = [] } = installed;
  if (!header.region) throw packageError("rpm", `${what}: packages of format v3 cannot be put into a database`);
  const states = readStates(installed, what);
  return encodeAfterRegion(header, [
    ...mergedSignatures(installed, what),
    ...(states.length === 0 ? [] : [numbersValue(tag.fileStates, states)]),
    numbersValue(tag.installTime, [installTime]),
    numbersValue(tag.installTid, [transaction]),
    numbersValue(tag.installColor, [color]),
    ...(packageDigests.length === 0 ? [] : digestsOfPackage(packageDigests)),
  ]);
}

/** rpmcrypto.h, `rpmHashAlgo_e`. */
const algorithmNumbers = { sha256: 8, sha512: 10 } as const;

function digestsOfPackage(digests: NonNullable<InstalledRpm["packageDigests"]>): HeaderValue[] {
  const { number, type } = tag.packageDigests;
  const data = Buffer.from(digests.map(({ hex }) => `${hex}\0`).join(""));
  const numbers = digests.map(({ algorithm }) => algorithmNumbers[algorithm]);
  return [{ tag: number, type, count: digests.length, data }, numbersValue(tag.packageDigestAlgorithms, numbers)];
}

function mergedSignatures({ header, signatureHeader }: InstalledRpm, what: string): HeaderValue[] {
  const format = header.number(tag.rpmFormat) ?? 4;
  const merged: HeaderValue[] = [];
  for (const [from, to, either] of translated) {
    if (format >= 6 && from.number >= tagBase) continue;
    const value = signatureHeader.raw(from.number);
    if (header.has(to)) {
      if (either === true && format < 6 && value === undefined) continue;
      throw packageError("rpm", `${what}: tag ${to.number} stands in the header that should not have it`);
    }
    if (value === undefined) continue;
    if (value.type !== to.type) throw packageError("rpm", `${what}: tag ${from.number} is of type ${value.type}`);
    merged.push({ ...value, tag: to.number });
  }
  return merged;
}

function readStates({ header, fileStates: given }: InstalledRpm, what: string): number[] {
  const count = header.count(tag.baseNames);
  if (given === undefined) return Array.from({ length: count }, () => fileStates.normal);
  if (given.length !== count) throw new Error(`${what}: ${given.length} states of ${count} files`);
  return given.map((state) => fileStates[state]);
}
