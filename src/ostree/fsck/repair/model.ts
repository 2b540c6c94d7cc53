// SPDX-License-Identifier: Apache-2.0
import type { Checksum } from "../../model.ts";
import type { Repo } from "../../repo.ts";
import type { FsckOptions, FsckFinding, OwnedFinding } from "../model.ts";

export interface RepairOptions extends Pick<FsckOptions, "onPhase"> {
  /** Remotes to fetch from; default: those that refs came from, then all others. */
  readonly remotes?: readonly string[];
  /** Repositories on this machine to copy from. */
  readonly sources?: readonly Repo[];
  /** Directories that commits are checked out to: deployments, checkouts. */
  readonly checkouts?: readonly string[];
}

export interface RepairReport {
  /** Commits that were looked at. */
  readonly commits: number;
  readonly objects: number;
  readonly repaired: readonly (FsckFinding & { readonly from: string })[];
  readonly unrepaired: readonly OwnedFinding[];
  /** Damaged objects that no commit needs. */
  readonly unneeded: readonly FsckFinding[];
  /** What could not help, and why. */
  readonly failures: readonly { readonly from: string; readonly problem: string }[];
}

/** What a place is asked for. */
export interface Wanted {
  readonly objects: readonly FsckFinding[];
  /** Commits that lack objects, or are lacking themselves. */
  readonly commits: readonly Checksum[];
}

/** A place that may have what is broken. */
export interface RepairSource {
  /** As the report names it. */
  readonly name: string;
  /** Adds what it has to the repository, each object verified. An error says why it has nothing, or not all. */
  help(wanted: Wanted): Promise<void>;
}
