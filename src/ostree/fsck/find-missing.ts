// SPDX-License-Identifier: Apache-2.0
import type { Inventory } from "../inventory.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { Reachable, reachableTypes } from "../traverse.ts";
import type { FsckFinding } from "./model.ts";
import { unlessUnreadable } from "./unless-unreadable.ts";

/** What commits need and the repository, with its parents, does not have. */
export function findMissing(repo: Repo, inventory: Inventory, commits: readonly Checksum[]): FsckFinding[] {
  const reachable = new Reachable(repo, { onUnreadable: () => {}, partialToo: true });
  for (const commit of commits) unlessUnreadable(() => reachable.addCommit(commit, 0));
  const missing: FsckFinding[] = [];
  for (const type of reachableTypes) {
    for (const checksum of reachable.objects[type]) {
      if (inventory.has(checksum, type) || repo.holds(checksum, type)) continue;
      missing.push({ checksum, type, problem: undefined });
    }
  }
  return missing;
}
