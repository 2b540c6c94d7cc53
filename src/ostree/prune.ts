// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readlinkSync } from "node:fs";
import { lstatIfExists, type ProgressListener, silent } from "../base/index.ts";
import { formatCollectionRef } from "./collections/collection-ref.ts";
import { listCollectionRefs } from "./collections/list-collection-refs.ts";
import { clearPartial, deleteObject, enableTombstones } from "./delete-object.ts";
import { deleteDeltasOfMissingCommits } from "./delta-names.ts";
import { ostreeError } from "./errors.ts";
import type { Checksum, ObjectType } from "./model.ts";
import { payloadTarget } from "./payload-link.ts";
import type { Repo } from "./repo.ts";
import { deleteUnusedXattrs } from "./split-xattrs.ts";
import { objectKey, Reachable } from "./traverse.ts";

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

/** Deletes objects that nothing reaches (ostree_repo_prune, ot-builtin-prune.c). Takes the repository's lock alone. */
export function prune(repo: Repo, options: PruneOptions = {}, progress: ProgressListener = silent): PruneResult {
  using _ = repo.lock("exclusive");
  const reachable = new Reachable(repo, { commitOnly: options.commitOnly ?? false });
  const byRefs =
    options.refsOnly || options.keepYoungerThan !== undefined || options.retainBranchDepth || options.onlyBranches;
  progress({ type: "start", task: "prune", text: "Finding reachable objects" });
  if (byRefs) addRefs(repo, reachable, options);
  else addAllCommits(repo, reachable, options.depth ?? -1);
  return deleteUnreachable(repo, reachable, options, progress);
}

function addAllCommits(repo: Repo, reachable: Reachable, depth: number): void {
  for (const { checksum, type } of repo.objects()) if (type === "commit") reachable.addCommit(checksum, depth);
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
  while (next !== undefined && repo.has(next, "commit")) {
    const { timestamp, parent } = repo.loadCommit(next);
    if (timestamp < oldest) return;
    reachable.addCommit(next, 0);
    next = parent;
  }
}

/** Types that prune counts and deletes (list_loose_objects_at); detached metadata goes with its commit. */
const prunable: ReadonlySet<ObjectType> = new Set<ObjectType>(["file", "dirtree", "dirmeta", "commit", "payload-link"]);

function deleteUnreachable(
  repo: Repo,
  reachable: Reachable,
  options: PruneOptions,
  progress: ProgressListener,
): PruneResult {
  const began = performance.now();
  let [total, pruned, freed] = [0, 0, 0];
  for (const { checksum, type } of repo.objects()) {
    if (!prunable.has(type) || (options.commitOnly && type !== "commit")) continue;
    total++;
    if (reachable.objects.has(objectKey(checksum, type)) || isUsedLink(repo, reachable, checksum, type)) continue;
    pruned++;
    freed += lstatSync(repo.objectPath(checksum, type)).size;
    if (options.noPrune) continue;
    if (type === "commit") clearPartial(repo, checksum);
    deleteObject(repo, checksum, type);
  }
  if (!options.noPrune) {
    deleteDeltasOfMissingCommits(repo);
    deleteUnusedXattrs(repo);
  }
  const seconds = (performance.now() - began) / 1000;
  progress({ type: "end", task: "prune", text: `${pruned} of ${total} objects`, seconds });
  return { total, pruned, freed };
}

/** Whether a payload link leads to an object that stays and is still large enough (maybe_prune_loose_object). */
function isUsedLink(repo: Repo, reachable: Reachable, checksum: Checksum, type: ObjectType): boolean {
  if (type !== "payload-link") return false;
  const target = payloadTarget(readlinkSync(repo.objectPath(checksum, type)));
  if (target === undefined || !reachable.objects.has(objectKey(target, "file"))) return false;
  const stat = lstatIfExists(repo.objectPath(target, "file"));
  return stat !== undefined && stat.size >= repo.settings.payloadLinkThreshold;
}

/** Deletes a commit object that no ref points to, leaving a tombstone (`ostree prune --delete-commit`). */
export function deleteCommit(repo: Repo, commit: Checksum): void {
  const places = [
    ...[...repo.listRefs()].map(([ref, target]) => ({ place: `'${ref}'`, target })),
    ...listCollectionRefs(repo, { remotes: false }).map((ref) => ({
      place: formatCollectionRef(ref),
      target: ref.commit,
    })),
  ];
  const used = places.find(({ target }) => target === commit);
  if (used) throw ostreeError("in-use", `Commit '${commit}' is referenced by ${used.place}`);
  if (!lstatIfExists(repo.objectPath(commit, "commit"))) {
    throw ostreeError("no-such-object", `Deleting object ${commit}.commit: there is no such commit`);
  }
  enableTombstones(repo);
  deleteObject(repo, commit, "commit");
}
