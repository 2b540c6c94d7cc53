// SPDX-License-Identifier: Apache-2.0
import { type Checksum, directoryDepthLimit } from "../model.ts";
import type { Repo } from "../repo.ts";
import type { FsckFinding, OwnedFinding } from "./model.ts";
import { unlessUnreadable } from "./unless-unreadable.ts";

/**
 * Finds the commits that need each bad object. Commits share most of their trees: each is looked at once, so that a long
 * history costs little more than one commit.
 */
export function findOwners(repo: Repo, findings: readonly FsckFinding[], commits: readonly Checksum[]): OwnedFinding[] {
  if (findings.length === 0) return [];
  const search = new OwnerSearch(repo, findings);
  const owners = new Map<FsckFinding, Checksum[]>(findings.map((finding) => [finding, []]));
  for (const commit of commits) for (const finding of search.ofCommit(commit)) owners.get(finding)!.push(commit);
  return [...owners].map(([finding, commits]) => ({ ...finding, commits }));
}

const none: ReadonlySet<FsckFinding> = new Set();

class OwnerSearch {
  readonly #repo: Repo;
  readonly #bad: ReadonlyMap<string, FsckFinding>;
  /** Bad objects in each tree that was looked at. */
  readonly #trees = new Map<Checksum, ReadonlySet<FsckFinding>>();

  constructor(repo: Repo, findings: readonly FsckFinding[]) {
    this.#repo = repo;
    this.#bad = new Map(findings.map((finding) => [`${finding.checksum}.${finding.type}`, finding]));
  }

  ofCommit(checksum: Checksum): ReadonlySet<FsckFinding> {
    const found = new Set<FsckFinding>();
    this.#addBad(found, checksum, "commit");
    const commit = unlessUnreadable(() => this.#repo.loadCommit(checksum));
    if (!commit) return found;
    this.#addBad(found, commit.meta, "dirmeta");
    for (const finding of this.#ofTree(commit.tree, 0)) found.add(finding);
    return found;
  }

  #ofTree(tree: Checksum, depth: number): ReadonlySet<FsckFinding> {
    const known = this.#trees.get(tree);
    if (known) return known;
    if (depth > directoryDepthLimit) return none;
    // Trees are read unverified: a damaged one may have itself below it.
    this.#trees.set(tree, none);
    const found = new Set<FsckFinding>();
    this.#addBad(found, tree, "dirtree");
    const content = unlessUnreadable(() => this.#repo.loadDirTree(tree));
    for (const { checksum } of content?.files ?? []) this.#addBad(found, checksum, "file");
    for (const { tree: below, meta } of content?.dirs ?? []) {
      this.#addBad(found, meta, "dirmeta");
      for (const finding of this.#ofTree(below, depth + 1)) found.add(finding);
    }
    const result = found.size === 0 ? none : found;
    this.#trees.set(tree, result);
    return result;
  }

  #addBad(found: Set<FsckFinding>, checksum: Checksum, type: string): void {
    const finding = this.#bad.get(`${checksum}.${type}`);
    if (finding) found.add(finding);
  }
}
