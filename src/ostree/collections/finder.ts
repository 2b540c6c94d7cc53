// SPDX-License-Identifier: Apache-2.0
import type { Repo } from "../repo.ts";
import { ostreeError } from "../errors.ts";
import type { Summary } from "../summary-format.ts";
import type { CollectionRef } from "./collection-ref.ts";

/** A place that says it has refs which are wanted. */
export interface FoundPlace {
  /** libostree's name of what found it. */
  readonly finder: "OstreeRepoFinderConfig" | "OstreeRepoFinderMount";
  /** Lower is better. */
  readonly priority: number;
  readonly url: string;
  /** The remote whose keys commits from there must be signed with. */
  readonly remote: string;
  readonly summary: Summary;
}

/** Looks for repositories that have refs of collections (OstreeRepoFinder). */
export type Finder = (repo: Repo, refs: readonly CollectionRef[], options: FinderOptions) => Promise<FoundPlace[]>;

export interface FinderOptions {
  /** Where summaries are kept, instead of in the repository. */
  readonly cacheDirectory?: string;
}

export type FinderName = "config" | "lan" | "mount";

const finderNames: ReadonlySet<string> = new Set<FinderName>(["config", "lan", "mount"]);

export function isFinderName(text: string): text is FinderName {
  return finderNames.has(text);
}

/** Finders to use when none are named: `core.default-repo-finders`. */
export function defaultFinders(repo: Repo): FinderName[] {
  const names = repo.config.getList("core", "default-repo-finders") ?? ["config", "mount"];
  if (names.length === 0) throw ostreeError("bad-config", "Invalid empty default-repo-finders configuration");
  return names.map((name) => {
    if (isFinderName(name)) return name;
    throw ostreeError("bad-config", `Invalid configured repo-finder '${name}'`);
  });
}
