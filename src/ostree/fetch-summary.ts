// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "./errors.ts";
import type { Validators } from "./http/model.ts";
import type { SignatureResult } from "./sign/gpg-verify.ts";
import { type Trust, verifySummaryTrust } from "./sign/trust.ts";
import type { PullSource } from "./pull-source.ts";
import type { SummaryCache } from "./remote/summary-cache.ts";
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

/** Where summaries are kept between pulls. */
export interface SummaryStore {
  readonly cache: SummaryCache;
  /** Name of the remote. */
  readonly name: string;
}

interface SummaryFiles {
  readonly bytes: Buffer | undefined;
  readonly signatures: Buffer | undefined;
  /** The summary was not fetched now. */
  readonly cached: boolean;
  /** What the server tells of the files that it sent. */
  readonly validators?: { readonly summary: Validators; readonly signatures: Validators };
}

/**
 * Fetches a repository's summary.
 * @param trust what it must be signed by
 * @param store keeps what was fetched, so that an unchanged summary is not fetched again
 * @returns `undefined` when the repository has none, which is an error only when it must be signed
 */
export async function fetchSummary(
  source: PullSource,
  trust: Trust,
  store?: SummaryStore,
): Promise<FetchedSummary | undefined> {
  let files = await fetchFiles(source, store);
  const verify = () => verifySummaryTrust(trust, files.bytes, files.signatures);
  const { gpg } = await verify().catch(async (error: unknown) => {
    if (!files.cached) throw error;
    // A switch of libostree's tests: tell instead of mending (OSTREE_REPO_TEST_ERROR_INVALID_CACHE).
    if (process.env["OSTREE_REPO_TEST_ERROR"]?.includes("invalid-cache")) {
      const message = `Remote ${store?.name} cached summary invalid and OSTREE_REPO_TEST_ERROR_INVALID_CACHE specified`;
      throw ostreeError("pull-failed", message);
    }
    // The cached summary does not go with the signatures: a whole one may.
    files = await withWholeSummary(source, files);
    return verify();
  });
  const { bytes, signatures } = files;
  if (!bytes) return undefined;
  if (store && signatures && !files.cached) remember(store, bytes, signatures, files.validators);
  const summary = decodeSummary(bytes, `${source.name}/summary`);
  return { summary, bytes, ...(signatures ? { signatures } : {}), ...(gpg ? { verified: gpg } : {}) };
}

/** The signatures tell whether a cached summary is still right: they are small and change with it. */
async function fetchFiles(source: PullSource, store: SummaryStore | undefined): Promise<SummaryFiles> {
  if (source.objects.type === "local" || !store) {
    const [bytes, signatures] = await Promise.all([
      source.summary ?? source.read("summary", summaryLimit),
      source.read("summary.sig", signatureLimit),
    ]);
    return { bytes, signatures, cached: false };
  }
  const { cache, name } = store;
  const known = { summary: cache.load(name), signatures: cache.load(`${name}.sig`) };
  const sig = await source.readIfChanged("summary.sig", signatureLimit, known.signatures);
  const signatures = sig.status === 304 ? known.signatures?.bytes : sig.body?.bytes;
  if (source.summary) return { bytes: source.summary, signatures, cached: false };
  const ofSignatures = sig.status === 304 ? (known.signatures ?? {}) : sig;
  if (known.summary && signatures && known.signatures?.bytes.equals(signatures)) {
    const validators = { summary: known.summary, signatures: ofSignatures };
    return { bytes: known.summary.bytes, signatures, cached: true, validators };
  }
  const answer = await source.readIfChanged("summary", summaryLimit, known.summary);
  const validators = { summary: answer, signatures: ofSignatures };
  if (answer.status === 304) return { bytes: known.summary?.bytes, signatures, cached: true, validators };
  return { bytes: answer.body?.bytes, signatures, cached: false, validators };
}

/** The summary as the server has it, in place of a cached one. */
async function withWholeSummary(source: PullSource, { signatures, validators }: SummaryFiles): Promise<SummaryFiles> {
  const answer = await source.readIfChanged("summary", summaryLimit, undefined);
  const all = { summary: answer, signatures: validators?.signatures ?? {} };
  return { bytes: answer.body?.bytes, signatures, cached: false, validators: all };
}

/** Only what was verified is kept (_ostree_repo_cache_summary). */
function remember(
  { cache, name }: SummaryStore,
  bytes: Buffer,
  signatures: Buffer,
  validators: SummaryFiles["validators"],
): void {
  cache.store(name, bytes, validators?.summary ?? {});
  cache.store(`${name}.sig`, signatures, validators?.signatures ?? {});
}
