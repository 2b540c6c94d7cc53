// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../../base/index.ts";
import { deleteObject, enableTombstones, markPartial } from "../delete-object.ts";
import { Inventory } from "../inventory.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { listCommits } from "../traverse.ts";
import { checkRefs } from "./check-refs.ts";
import { findMissing } from "./find-missing.ts";
import { findOwners } from "./find-owners.ts";
import type { FsckOptions, FsckResult, OwnedFinding } from "./model.ts";
import { surveyCommits } from "./survey-commits.ts";
import { Verification } from "./verify-all.ts";

/**
 * Checks a repository: every loose object against its checksum, every object that complete commits need for presence,
 * refs and bindings (ot-builtin-fsck.c). Unlike libostree's, also objects that no commit reaches are verified.
 */
export async function fsck(
  repo: Repo,
  options: FsckOptions = {},
  progress: ProgressListener = silent,
): Promise<FsckResult> {
  checkRefs(repo, options);
  options.onPhase?.("commits");
  using verification = new Verification(repo, progress);
  const { complete, partial, fsckMarked, orphans } = surveyCommits(repo, listCommits(repo), options);
  options.onPhase?.("objects", complete.length);
  const { checked, findings, selfContained } = await verification.result;
  const missing = selfContained ? [] : findMissing(repo, Inventory.read(repo), complete);
  const owned = findOwners(repo, [...missing, ...findings], complete);
  const handled = handleFindings(repo, owned, fsckMarked, options);
  if (options.addTombstones) addTombstones(repo, orphans);
  return {
    commits: complete.length,
    objects: checked,
    partial: partial.length,
    fsckPartial: fsckMarked.size,
    tombstones: orphans,
    ...handled,
  };
}

/** fsck_one_object */
function handleFindings(
  repo: Repo,
  findings: readonly OwnedFinding[],
  alreadyMarked: ReadonlySet<Checksum>,
  options: FsckOptions,
): Pick<FsckResult, "findings" | "marked"> {
  const marked = new Set<Checksum>();
  const handled = findings.map((finding) => {
    const deleted = finding.problem !== undefined && options.delete === true;
    if (deleted) deleteObject(repo, finding.checksum, finding.type);
    const gone = deleted || finding.problem === undefined;
    if (gone && finding.type !== "commit") for (const commit of finding.commits) marked.add(commit);
    return { ...finding, deleted };
  });
  for (const commit of alreadyMarked) marked.delete(commit);
  for (const commit of marked) markPartial(repo, commit, "fsck");
  return { findings: handled, marked: [...marked] };
}

/** Commits whose parent is not there are deleted and leave a tombstone, as libostree does. */
function addTombstones(repo: Repo, orphans: readonly Checksum[]): void {
  for (const commit of orphans) {
    enableTombstones(repo);
    deleteObject(repo, commit, "commit");
  }
}
