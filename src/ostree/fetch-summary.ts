// SPDX-License-Identifier: Apache-2.0
import type { SignatureResult } from "./sign/gpg-verify.ts";
import { type Trust, verifySummaryTrust } from "./sign/trust.ts";
import type { PullSource } from "./pull-source.ts";
import { decodeSummary, type Summary } from "./summary-format.ts";

/** Bytes of a summary at most: a server cannot make us take more (libostree: OSTREE_MAX_METADATA_SIZE). */
const summaryLimit = 128 << 20;
const signatureLimit = 1 << 20;

export interface FetchedSummary {
  readonly summary: Summary;
  readonly bytes: Buffer;
  readonly signatures?: Buffer;
  /** What became of its GPG signatures, when it must have one. */
  readonly verified?: readonly SignatureResult[];
}

/**
 * Fetches a repository's summary.
 * @param trust what it must be signed by
 * @returns `undefined` when the repository has none, which is an error only when it must be signed
 */
export async function fetchSummary(source: PullSource, trust: Trust): Promise<FetchedSummary | undefined> {
  const [bytes, signatures] = await Promise.all([
    source.read("summary", summaryLimit),
    source.read("summary.sig", signatureLimit),
  ]);
  const { gpg } = await verifySummaryTrust(trust, bytes, signatures);
  if (!bytes) return undefined;
  const summary = decodeSummary(bytes, `${source.name}/summary`);
  return { summary, bytes, ...(signatures ? { signatures } : {}), ...(gpg ? { verified: gpg } : {}) };
}
