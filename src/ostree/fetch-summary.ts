// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "./errors.ts";
import { loadKeyrings, type KeyringPlaces, type SignatureResult, verifySignatures } from "./gpg.ts";
import type { PullSource } from "./pull-source.ts";
import { readDetached, signaturesIn } from "./sign/detached.ts";
import { decodeSummary, type Summary } from "./summary-format.ts";

/** Bytes of a summary at most: a server cannot make us take more (libostree: OSTREE_MAX_METADATA_SIZE). */
const summaryLimit = 128 << 20;
const signatureLimit = 1 << 20;

export interface FetchedSummary {
  readonly summary: Summary;
  readonly bytes: Buffer;
  readonly signatures?: Buffer;
}

/**
 * Fetches a repository's summary.
 * @param verify keyrings to check its signature by; without them it is taken as it is
 * @returns `undefined` when the repository has none, which is an error only when it must be verified
 */
export async function fetchSummary(source: PullSource, verify?: KeyringPlaces): Promise<FetchedSummary | undefined> {
  const [bytes, signatures] = await Promise.all([
    source.read("summary", summaryLimit),
    source.read("summary.sig", signatureLimit),
  ]);
  if (verify) await verifySummary(source, bytes, signatures, verify);
  if (!bytes) return undefined;
  const summary = decodeSummary(bytes, `${source.name}/summary`);
  return { summary, bytes, ...(signatures ? { signatures } : {}) };
}

async function verifySummary(
  source: PullSource,
  bytes: Buffer | undefined,
  signatures: Buffer | undefined,
  places: KeyringPlaces,
): Promise<void> {
  const disable = "(use gpg-verify-summary=false in remote config to disable)";
  if (!bytes) throw ostreeError("gpg-verify", `GPG verification enabled, but no summary found ${disable}`);
  if (!signatures) throw ostreeError("gpg-verify", `GPG verification enabled, but no summary.sig found ${disable}`);
  const found = signaturesIn(readDetached(signatures, `${source.name}/summary.sig`), "gpg") ?? [];
  requireValid(`${source.name}/summary`, await verifySignatures(bytes, found, loadKeyrings(places)));
}

/** At least one signature must be good (ostree_gpg_verify_result_require_valid_signature). */
export function requireValid(what: string, results: readonly SignatureResult[]): void {
  if (results.some(({ valid }) => valid)) return;
  const first = results[0];
  if (!first) throw ostreeError("gpg-verify", `${what}: GPG verification enabled, but no signatures found`);
  const count = results.length === 1 ? "the signature" : `none of ${results.length} signatures`;
  const problem = results.length === 1 ? "is not valid" : "is valid";
  throw ostreeError("gpg-verify", `${what}: ${count} ${problem}: ${first.problem} (key ID ${first.keyId})`, {
    hint: "atomic ostree remote gpg-import REMOTE --keyring=FILE  trusts a publisher's key",
  });
}
