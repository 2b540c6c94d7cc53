// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { unlessErrno } from "../../base/index.ts";
import { checkBackRefs } from "../bindings.ts";
import { formatCollectionRef } from "../collections/collection-ref.ts";
import { listCollectionRefs } from "../collections/list-collection-refs.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import type { FsckOptions } from "./model.ts";
import { unlessUnreadable } from "./unless-unreadable.ts";

export interface CommitSurvey {
  /** Commits that must have all of their objects. */
  readonly complete: readonly Checksum[];
  readonly partial: readonly Checksum[];
  /** Partial commits of which an earlier fsck found something missing. */
  readonly fsckMarked: ReadonlySet<Checksum>;
  /** Commits whose parent is not here; only looked for when tombstones are to be added. */
  readonly orphans: readonly Checksum[];
}

/** Looks at each commit alone: state, bindings, parent (fsck_one_commit). */
export function surveyCommits(repo: Repo, commits: Iterable<Checksum>, options: FsckOptions): CommitSurvey {
  const survey = { complete: [] as Checksum[], partial: [] as Checksum[], orphans: [] as Checksum[] };
  const fsckMarked = new Set<Checksum>();
  const resolve = bindingResolver(repo);
  for (const commit of [...commits].sort()) {
    const state = unlessErrno(["ENOENT"], () => readFileSync(repo.partialPath(commit), "utf8"));
    survey[state === undefined ? "complete" : "partial"].push(commit);
    if (state === "f") fsckMarked.add(commit);
    if (!options.verifyBackRefs && !options.addTombstones) continue;
    const content = unlessUnreadable(() => repo.loadCommit(commit));
    if (!content) continue;
    if (options.verifyBackRefs) checkBackRefs(content, commit, resolve);
    const { parent } = content;
    if (options.addTombstones && parent !== undefined && !repo.holds(parent, "commit")) survey.orphans.push(commit);
  }
  return { ...survey, fsckMarked };
}

function bindingResolver(repo: Repo): (ref: string, collection: string | undefined) => Checksum | undefined {
  let collections: ReadonlyMap<string, Checksum> | undefined;
  return (ref, collection) => {
    if (collection === undefined) return repo.tryResolve(ref);
    collections ??= new Map(listCollectionRefs(repo).map((found) => [formatCollectionRef(found), found.commit]));
    return collections.get(formatCollectionRef({ collection, ref }));
  };
}
