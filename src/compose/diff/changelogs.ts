// SPDX-License-Identifier: Apache-2.0
import { type Checksum, type Repo, tryFindInCommit } from "../../ostree/index.ts";
import {
  type ChangelogEntry,
  debianChangelogPaths,
  newRpmEntries,
  type PackageDiff,
  readDebianChangelog,
  readRpmChangelogs,
} from "../../packages/index.ts";
import { withRpmDatabase } from "./tree-packages.ts";

export interface PackageChangelog {
  readonly name: string;
  readonly entries: readonly ChangelogEntry[];
}

/** What the packages that were upgraded tell, as far as the trees are here and have their changelogs. */
export function newChangelogs(repo: Repo, from: Checksum, to: Checksum, { upgraded }: PackageDiff): PackageChangelog[] {
  const read = (commit: Checksum) => withRpmDatabase(repo, repo.loadCommit(commit), readRpmChangelogs);
  const after = read(to);
  const before = after === undefined ? undefined : read(from);
  return upgraded.flatMap(({ name, from: version }) => {
    const entries =
      after === undefined
        ? debianEntries(repo, to, name, version)
        : newRpmEntries(before?.get(name) ?? [], after.get(name) ?? []);
    return entries.length === 0 ? [] : [{ name, entries }];
  });
}

/** Up to the version that was there before. */
function debianEntries(repo: Repo, commit: Checksum, name: string, before: string): readonly ChangelogEntry[] {
  for (const path of debianChangelogPaths(name)) {
    const found = tryFindInCommit(repo, commit, `/${path}`);
    if (found?.type !== "file" || !repo.has(found.checksum, "file")) continue;
    const entries = readDebianChangelog(repo.loadFile(found.checksum).content());
    if (entries.length === 0) continue;
    const end = entries.findIndex(({ version }) => version === before);
    // Without the old version there is no telling how much is new.
    return end < 0 ? entries.slice(0, 1) : entries.slice(0, end);
  }
  return [];
}
