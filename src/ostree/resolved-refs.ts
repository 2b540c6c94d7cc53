// SPDX-License-Identifier: Apache-2.0
import type { ListedCollectionRef } from "./collections/list-collection-refs.ts";
import type { FetchedSummary } from "./fetch-summary.ts";
import type { Checksum } from "./model.ts";

export interface WantedCommit {
  readonly commit: Checksum;
  /** The ref that it was asked for by. */
  readonly ref?: string;
  /** The collection that it was asked for by. */
  readonly collection?: string;
  /** The commit that must not be newer (`--timestamp-check`). */
  readonly notOlderThan?: readonly Checksum[];
  /** The objects as a static delta brought them. */
  readonly brought?: { readonly commit: Buffer; readonly detached?: Buffer | undefined };
}

/** What a pull was asked for, by checksum. */
export interface ResolvedRefs {
  readonly commits: readonly WantedCommit[];
  /** Refs to set when all is there. */
  readonly refs: ReadonlyMap<string, Checksum>;
  /** Refs of collections to set: mirrored ones when mirroring, else the remote's. */
  readonly collectionRefs?: readonly ListedCollectionRef[];
  /** The summary to keep, when all refs are mirrored. */
  readonly mirrorSummary?: FetchedSummary;
}
