// SPDX-License-Identifier: Apache-2.0
import { type Checksum, directoryDepthLimit } from "../../model.ts";
import type { Repo } from "../../repo.ts";
import type { FsckFinding } from "../model.ts";
import { unlessUnreadable } from "../unless-unreadable.ts";

/** Where in commits an object stands: paths without a leading slash, "" for the root. */
export function findPaths(
  repo: Repo,
  objects: readonly FsckFinding[],
  commits: readonly Checksum[],
): Map<FsckFinding, Set<string>> {
  const search = new PathSearch(repo, objects);
  for (const checksum of commits) {
    const commit = unlessUnreadable(() => repo.loadCommit(checksum));
    if (!commit) continue;
    search.note(commit.meta, "dirmeta", "");
    search.walk(commit.tree, "", 0);
  }
  return search.found;
}

class PathSearch {
  readonly found: Map<FsckFinding, Set<string>>;
  readonly #repo: Repo;
  readonly #wanted: ReadonlyMap<string, FsckFinding>;
  /** Commits have most trees in common, at the same paths. */
  readonly #walked = new Set<string>();

  constructor(repo: Repo, objects: readonly FsckFinding[]) {
    this.#repo = repo;
    this.found = new Map(objects.map((object) => [object, new Set()]));
    this.#wanted = new Map(objects.map((object) => [`${object.checksum}.${object.type}`, object]));
  }

  note(checksum: Checksum, type: string, path: string): void {
    const object = this.#wanted.get(`${checksum}.${type}`);
    if (object) this.found.get(object)!.add(path);
  }

  /** Trees are read unverified: a limit of depth ends one that has itself below it. */
  walk(tree: Checksum, path: string, depth: number): void {
    const place = `${tree} ${path}`;
    if (depth > directoryDepthLimit || this.#walked.has(place)) return;
    this.#walked.add(place);
    this.note(tree, "dirtree", path);
    const content = unlessUnreadable(() => this.#repo.loadDirTree(tree));
    const below = (name: string) => (path === "" ? name : `${path}/${name}`);
    for (const { name, checksum } of content?.files ?? []) this.note(checksum, "file", below(name));
    for (const { name, tree: child, meta } of content?.dirs ?? []) {
      this.note(meta, "dirmeta", below(name));
      this.walk(child, below(name), depth + 1);
    }
  }
}
