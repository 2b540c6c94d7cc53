// SPDX-License-Identifier: Apache-2.0
export interface PruneOptions {
  /** Keep what refs reach; without it every commit that is there is kept. */
  readonly refsOnly?: boolean;
  /** Parents to keep of each commit; -1, the default, keeps all. */
  readonly depth?: number;
  /** Only count what would be deleted. */
  readonly noPrune?: boolean;
  /** Look at commit objects only. */
  readonly commitOnly?: boolean;
  /** Keep commits of refs that are at least as new: seconds since 1970. Implies `refsOnly`. */
  readonly keepYoungerThan?: bigint;
  /** Depth for single refs. Implies `refsOnly`. */
  readonly retainBranchDepth?: ReadonlyMap<string, number>;
  /** Prune the history of these refs only, leave all others whole. Implies `refsOnly`. */
  readonly onlyBranches?: readonly string[];
}

export interface PruneResult {
  /** Objects looked at. */
  readonly total: number;
  /** Objects deleted, or found deletable with `noPrune`. */
  readonly pruned: number;
  /** Bytes of their files. */
  readonly freed: number;
}
