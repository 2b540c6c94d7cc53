// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, lstatIfExists, type ProgressListener, removeIfExists, silent } from "../../base/index.ts";
import type { ChecksumSet } from "../checksum-set.ts";
import { clearPartial, deleteObject } from "../delete-object.ts";
import { pruneDeltas } from "../delta-names.ts";
import { Inventory } from "../inventory.ts";
import type { Checksum } from "../model.ts";
import { payloadTarget } from "../payload-link.ts";
import { listRemotes } from "../remotes.ts";
import type { Repo } from "../repo.ts";
import { deleteUnusedXattrs } from "../split-xattrs.ts";
import { type Reachable, type ReachableType, reachableTypes } from "../traverse.ts";
import { findReachable } from "./find-reachable.ts";
import type { PruneOptions, PruneResult } from "./options.ts";

/** Deletes objects that nothing reaches (ostree_repo_prune, ot-builtin-prune.c). Takes the repository's lock alone. */
export function prune(repo: Repo, options: PruneOptions = {}, progress: ProgressListener = silent): PruneResult {
  using _ = repo.lock("exclusive");
  const began = performance.now();
  progress({ type: "start", task: "prune", text: "Finding reachable objects" });
  const inventory = Inventory.read(repo);
  const reachable = findReachable(repo, inventory.of("commit"), options);
  const result = deleteUnreachable(repo, inventory, reachable, options);
  if (!options.noPrune) {
    pruneDeltas(repo);
    deleteUnusedXattrs(repo);
    deleteUnusedSummaries(repo);
  }
  const seconds = (performance.now() - began) / 1000;
  progress({ type: "end", task: "prune", text: `${result.pruned} of ${result.total} objects`, seconds });
  return result;
}

function deleteUnreachable(repo: Repo, inventory: Inventory, reachable: Reachable, options: PruneOptions): PruneResult {
  let [total, pruned, freed] = [0, 0, 0];
  const types: readonly ReachableType[] = options.commitOnly ? ["commit"] : reachableTypes;
  for (const type of types) {
    const found = inventory.of(type);
    total += found.size;
    for (const checksum of found.without(reachable.objects[type])) {
      pruned++;
      freed += lstatSync(repo.objectPath(checksum, type)).size;
      if (!options.noPrune) deleteReachableType(repo, checksum, type);
    }
  }
  if (options.commitOnly) return { total, pruned, freed };
  const links = prunePayloadLinks(repo, inventory.of("payload-link"), reachable, options);
  return { total: total + links.total, pruned: pruned + links.pruned, freed: freed + links.freed };
}

function deleteReachableType(repo: Repo, checksum: Checksum, type: ReachableType): void {
  if (type === "commit") clearPartial(repo, checksum);
  deleteObject(repo, checksum, type);
}

function prunePayloadLinks(repo: Repo, links: ChecksumSet, reachable: Reachable, options: PruneOptions): PruneResult {
  let [pruned, freed] = [0, 0];
  for (const checksum of links) {
    const path = repo.objectPath(checksum, "payload-link");
    if (isUsedLink(repo, reachable, path)) continue;
    pruned++;
    freed += lstatSync(path).size;
    if (!options.noPrune) unlinkSync(path);
  }
  return { total: links.size, pruned, freed };
}

/** Whether a payload link leads to an object that stays and is still large enough (maybe_prune_loose_object). */
function isUsedLink(repo: Repo, reachable: Reachable, path: string): boolean {
  const target = payloadTarget(readlinkSync(path));
  if (target === undefined || !reachable.has(target, "file")) return false;
  const stat = lstatIfExists(repo.objectPath(target, "file"));
  return stat !== undefined && stat.size >= repo.settings.payloadLinkThreshold;
}

/** Summaries are kept between pulls; those of remotes that are gone are of no use (_ostree_repo_prune_tmp). */
function deleteUnusedSummaries(repo: Repo): void {
  const directory = join(repo.path, "tmp/cache/summaries");
  const remotes = new Set(listRemotes(repo));
  for (const name of listDirectory(directory)) {
    if (!remotes.has(name.replace(/\.sig$/, ""))) removeIfExists(join(directory, name));
  }
}
