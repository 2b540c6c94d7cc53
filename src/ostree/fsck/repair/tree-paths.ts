// SPDX-License-Identifier: Apache-2.0
import type { Checksum } from "../../model.ts";
import type { Repo } from "../../repo.ts";
import type { FsckFinding } from "../model.ts";
import { unlessUnreadable } from "../unless-unreadable.ts";

/** Where in commits an object stands: paths without a leading slash, "" for the root. */
export function findPaths(
  repo: Repo,
  objects: readonly FsckFinding[],
  commits: readonly Checksum[],
): Map<FsckFinding, Set<string>> {
  const found = new Map<FsckFinding, Set<string>>(objects.map((object) => [object, new Set()]));
  const byKey = new Map(objects.map((object) => [`${object.checksum}.${object.type}`, object]));
  const note = (checksum: Checksum, type: string, path: string) => {
    const object = byKey.get(`${checksum}.${type}`);
    if (object) found.get(object)!.add(path);
  };
  for (const checksum of commits) {
    const commit = unlessUnreadable(() => repo.loadCommit(checksum));
    if (!commit) continue;
    note(commit.meta, "dirmeta", "");
    walk(repo, commit.tree, "", note);
  }
  return found;
}

function walk(
  repo: Repo,
  tree: Checksum,
  path: string,
  note: (checksum: Checksum, type: string, path: string) => void,
): void {
  note(tree, "dirtree", path);
  const content = unlessUnreadable(() => repo.loadDirTree(tree));
  const below = (name: string) => (path === "" ? name : `${path}/${name}`);
  for (const { name, checksum } of content?.files ?? []) note(checksum, "file", below(name));
  for (const { name, tree: child, meta } of content?.dirs ?? []) {
    note(meta, "dirmeta", below(name));
    walk(repo, child, below(name), note);
  }
}
