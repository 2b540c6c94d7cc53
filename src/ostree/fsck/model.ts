// SPDX-License-Identifier: Apache-2.0
import type { Checksum, ObjectType } from "../model.ts";

export interface FsckOptions {
  /** Delete damaged objects, so that a pull fetches them again. */
  readonly delete?: boolean;
  /** Leave a tombstone for commits whose parent is gone. */
  readonly addTombstones?: boolean;
  /** Check that commits bound to refs are what those refs name. */
  readonly verifyBindings?: boolean;
  /** Check that the refs a commit is bound to name that commit. Implies `verifyBindings`. */
  readonly verifyBackRefs?: boolean;
  /** Told what is looked at now; `commits` is the number of those whose objects are verified. */
  readonly onPhase?: (phase: FsckPhase, commits?: number) => void;
}

export type FsckPhase = "refs" | "collections" | "commits" | "objects";

/** Types of the objects that commits and directories name. */
export const referredTypes = ["file", "dirtree", "dirmeta"] as const;
export type ReferredType = (typeof referredTypes)[number];

/** Something wrong with an object. */
export interface FsckFinding {
  readonly checksum: Checksum;
  readonly type: ObjectType;
  /** Why it is damaged; `undefined` when it is missing. */
  readonly problem: string | undefined;
}

/** With the commits that need the object. */
export interface OwnedFinding extends FsckFinding {
  readonly commits: readonly Checksum[];
}

export interface FsckResult {
  /** Commits whose objects were all looked for. */
  readonly commits: number;
  readonly objects: number;
  readonly partial: number;
  /** Partial commits that an earlier fsck marked so. */
  readonly fsckPartial: number;
  readonly tombstones: readonly Checksum[];
  readonly marked: readonly Checksum[];
  readonly findings: readonly (OwnedFinding & { readonly deleted: boolean })[];
}
