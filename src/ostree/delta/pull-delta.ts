// SPDX-License-Identifier: Apache-2.0
/** What a pull asks of static deltas: whether one leads to a commit, what it costs, and to apply it. */
import { hash } from "node:crypto";
import { statfsSync } from "node:fs";
import { writeGVariant } from "../../formats/index.ts";
import { deltaIndexPath, deltaName, type DeltaEnds, deltaPath, parseDeltaName } from "../delta-names.ts";
import { ostreeError } from "../errors.ts";
import type { FetchedSummary } from "../fetch-summary.ts";
import { type Checksum, metadataLimit } from "../model.ts";
import type { PullSource } from "../pull-source.ts";
import type { Repo } from "../repo.ts";
import { storeHas } from "../store-content.ts";
import type { IncomingStore } from "../store-fetched.ts";
import { type ObjectKey, objectKey } from "../traverse.ts";
import { applyFetchedParts, type WantedPart } from "./fetch-parts.ts";
import {
  decodeDeltaIndex,
  decodeSignedDelta,
  decodeSuperblock,
  digestsFromMetadata,
  type PartHeader,
  type Superblock,
  superblockLimit,
} from "./format.ts";
import { checkComplete } from "./check-complete.ts";
import { partVersion } from "./part-format.ts";
import { detachedMetadata, hasAllObjects, inlinePart } from "./read-delta.ts";

/** Where deltas are looked for and what they are written into. */
export interface DeltaPullContext {
  readonly repo: Repo;
  readonly source: PullSource;
  /** Objects that are verified and whole go into the transaction by this. */
  readonly incoming: IncomingStore;
  /** The remote's summary, when it was fetched; its signature is checked where the remote asks for it. */
  readonly summary: FetchedSummary | undefined;
  /** The remote has delta indexes beside its summary (`ostree.summary.indexed-deltas`, or `core.indexed-deltas`). */
  readonly indexed: boolean;
  /** A superblock that a verified source does not list by its digest is refused. */
  readonly digestRequired: boolean;
  /** `--require-static-deltas`: without a delta the pull fails. */
  readonly required: boolean;
}

/** A commit that is wanted, and where the ref that it is wanted by points to now. */
export interface DeltaTarget {
  readonly to: Checksum;
  readonly ref?: string | undefined;
  readonly current?: Checksum | undefined;
}

/** A delta that leads to the commit, its superblock read and checked. */
export interface DeltaPlan {
  readonly from: Checksum | undefined;
  readonly to: Checksum;
  /** The commit object of the superblock; the pull verifies and stores it. */
  readonly commit: Buffer;
  readonly detached?: Buffer | undefined;
  /** Objects that are to be fetched by themselves. */
  readonly fallbacks: readonly ObjectKey[];
  /** Parts of the delta and fallbacks, those that are here already counted too. */
  readonly parts: number;
  readonly partBytes: number;
  readonly uncompressedBytes: number;
  /** Files that were fetched to make this plan. */
  readonly requests: number;
  /** Of those parts and bytes, what is here already. */
  readonly present: { readonly parts: number; readonly bytes: number };
  /**
   * Fetches the parts and writes their objects; the fallbacks must be here by then. At the end all that the commit
   * refers to is there, or it throws.
   * @returns how many parts there were, those included whose objects were here
   */
  apply(): Promise<{ readonly parts: number; readonly written: number }>;
}

/**
 * Looks for the best delta to a commit: from the newest commit that is here, else from nothing when there is no commit
 * to start from (initiate_request).
 * @returns `undefined` when there is none: the objects are then fetched one by one
 */
export async function planDelta(context: DeltaPullContext, target: DeltaTarget): Promise<DeltaPlan | undefined> {
  const known = await knownDeltas(context, target.to);
  const ends = known.size > 0 || context.indexed ? choose(context.repo, known, target) : guess(context.repo, target);
  const plan = ends && (await readPlan(context, ends, known.get(deltaName(ends))));
  if (plan || !context.required) return plan;
  const from = ends?.from ?? target.ref ?? "";
  throw ostreeError("pull-failed", `Static deltas required, but none found for ${from} to ${target.to}`);
}

/** Names to digests. Those of the summary count, which may be signed, where an index says otherwise. */
async function knownDeltas(
  { source, summary, indexed }: DeltaPullContext,
  to: Checksum,
): Promise<Map<string, Checksum>> {
  const listed = summary ? digestsFromMetadata(summary.summary.metadata) : new Map<string, Checksum>();
  if (!indexed) return listed;
  const path = deltaIndexPath(to);
  const bytes = (await source.fetchContent(path, { limit: metadataLimit }))?.bytes;
  return bytes ? new Map([...decodeDeltaIndex(bytes, source.contentUrl(path)), ...listed]) : listed;
}

/** get_best_static_delta_start_for */
function choose(repo: Repo, known: ReadonlyMap<string, Checksum>, { to, current }: DeltaTarget): DeltaEnds | undefined {
  const all = [...known.keys()].map((name) => parseDeltaName(name)).filter((ends) => ends.to === to);
  const usable = all.flatMap(({ from }) => (from !== undefined && isWhole(repo, from) ? [from] : []));
  const newest = usable
    .map((from) => ({ from, timestamp: repo.loadCommit(from).timestamp }))
    .reduce<{ from: Checksum; timestamp: bigint } | undefined>(
      (best, one) => (best && best.timestamp >= one.timestamp ? best : one),
      undefined,
    );
  if (newest) return { from: newest.from, to };
  // Who has the ref already is likely only a few commits behind: objects one by one are then less than everything anew.
  const scratch = all.some(({ from }) => from === undefined);
  return scratch && current === undefined ? { to } : undefined;
}

/** Without a list of deltas: from where the ref is now, or from nothing. */
function guess(repo: Repo, { to, current }: DeltaTarget): DeltaEnds | undefined {
  if (current === undefined || !isWhole(repo, current)) return { to };
  return current === to ? undefined : { from: current, to };
}

function isWhole(repo: Repo, commit: Checksum): boolean {
  return repo.has(commit, "commit") && !repo.isPartial(commit);
}

async function readPlan(
  context: DeltaPullContext,
  ends: DeltaEnds,
  digest: Checksum | undefined,
): Promise<DeltaPlan | undefined> {
  const { source, repo } = context;
  const path = deltaPath(ends, "superblock");
  const body = await source.fetchContent(path, { limit: superblockLimit });
  if (!body) return undefined;
  // What was received may lie in a buffer that is used again; the plan looks into the superblock to its end.
  const bytes = Buffer.from(body.bytes);
  checkDigest(context, ends, bytes, digest);
  const url = source.contentUrl(path);
  const superblock = decodeSuperblock(decodeSignedDelta(bytes, url)?.superblock ?? bytes, url);
  if (superblock.to !== ends.to || superblock.from !== ends.from) {
    throw ostreeError("corrupt-delta", `${url} is of the delta ${deltaName(superblock)}`);
  }
  const tooNew = superblock.parts.find(({ version }) => version > partVersion);
  if (tooNew) throw ostreeError("unsupported", `Delta part has too new version ${tooNew.version}`);
  const plan = makePlan(context, superblock);
  checkSpace(repo, plan);
  return plan;
}

function checkDigest(
  { digestRequired }: DeltaPullContext,
  ends: DeltaEnds,
  bytes: Buffer,
  digest: Checksum | undefined,
): void {
  if (digest === undefined && digestRequired) {
    const hint = "gpg-verify-summary=false in the remote's config turns the check off";
    const message =
      "GPG verification enabled, but no summary signatures found (use gpg-verify-summary=false in remote config to disable)";
    throw ostreeError("gpg-verify", message, { hint });
  }
  if (digest === undefined || hash("sha256", bytes, "hex") === digest) return;
  throw ostreeError("corrupt-delta", `Invalid checksum for static delta ${deltaName(ends)}`);
}

function makePlan(context: DeltaPullContext, superblock: Superblock): DeltaPlan {
  const { from, to, commit, fallbacks, parts } = superblock;
  const { store } = context.incoming;
  const detached = detachedMetadata(superblock);
  const items = [...parts, ...fallbacks];
  const missing = parts.flatMap((header, index) => (hasAllObjects(header, store) ? [] : [{ header, index }]));
  const absent = fallbacks.filter(({ checksum, type }) => !storeHas(store, checksum, type));
  const wantedBytes = total([...missing.map(({ header }) => header), ...absent], "size");
  const partBytes = total(items, "size");
  return {
    from,
    to,
    commit: Buffer.from(commit),
    ...(detached ? { detached: writeGVariant("a{sv}", detached) } : {}),
    fallbacks: absent.map(({ checksum, type }) => objectKey(checksum, type)),
    parts: items.length,
    partBytes,
    uncompressedBytes: total(items, "usize"),
    requests: context.indexed ? 2 : 1,
    present: { parts: items.length - missing.length - absent.length, bytes: partBytes - wantedBytes },
    apply: () => applyPlan(context, superblock, missing),
  };
}

function total(items: readonly { readonly size: number; readonly usize: number }[], key: "size" | "usize"): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}

/** The delta says beforehand what it needs (process_one_static_delta). */
function checkSpace(repo: Repo, { uncompressedBytes }: DeltaPlan): void {
  const { bsize, bfree } = statfsSync(repo.path);
  if (uncompressedBytes <= bsize * bfree) return;
  const message = `Delta requires ${uncompressedBytes} bytes of free space, but only ${bsize * bfree} are available`;
  throw ostreeError("no-space", message);
}

async function applyPlan(
  { source, incoming, repo }: DeltaPullContext,
  superblock: Superblock,
  missing: readonly { readonly header: PartHeader; readonly index: number }[],
): Promise<{ readonly parts: number; readonly written: number }> {
  const wanted = missing.map(({ header, index }): WantedPart => {
    const inline = inlinePart(superblock, index);
    const path = deltaPath(superblock, String(index));
    return { index, to: superblock.to, header, path, ...(inline ? { inline } : {}) };
  });
  const { written } = await applyFetchedParts(source, incoming, wanted);
  checkComplete(repo, incoming.store, superblock);
  return { parts: superblock.parts.length, written };
}
