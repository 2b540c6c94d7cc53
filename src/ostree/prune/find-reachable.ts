// SPDX-License-Identifier: Apache-2.0
import { listCollectionRefs } from "../collections/list-collection-refs.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { Reachable } from "../traverse.ts";
import type { PruneOptions } from "./options.ts";

/**
 * What must be kept. @param commits all that the repository has: without options that start from refs each is kept with
 * its parents
 */
export function findReachable(repo: Repo, commits: Iterable<Checksum>, options: PruneOptions): Reachable {
  const reachable = new Reachable(repo, { commitOnly: options.commitOnly ?? false });
  const byRefs =
    options.refsOnly || options.keepYoungerThan !== undefined || options.retainBranchDepth || options.onlyBranches;
  if (byRefs) addRefs(repo, reachable, options);
  else for (const commit of commits) reachable.addCommit(commit, options.depth ?? -1);
  return reachable;
}

function addRefs(repo: Repo, reachable: Reachable, options: PruneOptions): void {
  const { keepYoungerThan, depth = -1 } = options;
  for (const ref of options.onlyBranches ?? []) repo.resolve(ref);
  const only = options.onlyBranches && new Set(options.onlyBranches);
  for (const [ref, commit] of repo.listRefs()) {
    const own = options.retainBranchDepth?.get(ref) ?? (only && !only.has(ref) ? -1 : undefined);
    if (own !== undefined) reachable.addCommit(commit, own);
    else if (keepYoungerThan !== undefined) addYounger(repo, reachable, commit, keepYoungerThan);
    else reachable.addCommit(commit, depth);
  }
  for (const { commit, collection } of listCollectionRefs(repo, { remotes: false })) {
    // Those of the repository's own collection are its local refs.
    if (collection !== repo.collectionId) reachable.addCommit(commit, depth);
  }
}

/** The commit itself, and its line of parents down to the first that is older (traverse_keep_younger_than). */
function addYounger(repo: Repo, reachable: Reachable, commit: Checksum, oldest: bigint): void {
  reachable.addCommit(commit, 0);
  let next: Checksum | undefined = commit;
  while (next !== undefined && repo.holds(next, "commit")) {
    const { timestamp, parent } = repo.loadCommit(next);
    if (timestamp < oldest) return;
    reachable.addCommit(next, 0);
    next = parent;
  }
}
