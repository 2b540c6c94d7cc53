// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import { prune, type Repo } from "../ostree/index.ts";

export interface PruneReport {
  readonly objects: number;
  /** Bytes. */
  readonly freed: number;
}

/**
 * Removes objects that no ref needs. Every deployment has a ref (`setDeploymentRefs`); of the history only the newest
 * commit of each ref is kept (`ostree_sysroot_cleanup_prune_repo`, depth 0).
 */
export function pruneRepository(repo: Repo, progress: ProgressListener = silent): PruneReport {
  const { pruned, freed } = prune(repo, { refsOnly: true, depth: 0 }, progress);
  return { objects: pruned, freed };
}
