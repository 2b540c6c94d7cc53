// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { listDirectory } from "../../base/index.ts";
import { refsBelow } from "../list-refs.ts";
import type { Checksum } from "../model.ts";
import { refDirectory } from "../refs.ts";
import { tryFindRemote } from "../remotes.ts";
import type { Repo } from "../repo.ts";
import { checkCollectionId, type CollectionRef, formatCollectionRef, isCollectionId } from "./collection-ref.ts";

export interface ListCollectionRefsOptions {
  /** Only refs of this collection. */
  readonly collection?: string;
  /** Also refs pulled from remotes whose configuration names their collection. Default: true. */
  readonly remotes?: boolean;
}

export interface ListedCollectionRef extends CollectionRef {
  readonly commit: Checksum;
}

/**
 * The refs that belong to collections: local ones when the repository is of a collection, mirrored ones, and those of
 * remotes; sorted by collection, then name (ostree_repo_list_collection_refs).
 */
export function listCollectionRefs(repo: Repo, options: ListCollectionRefsOptions = {}): ListedCollectionRef[] {
  const { collection: wanted, remotes = true } = options;
  if (wanted !== undefined) checkCollectionId(wanted);
  // One that stands in several places is listed once, as the last of them has it.
  const found = new Map<string, ListedCollectionRef>();
  for (const { collection, directory } of namespaces(repo, remotes)) {
    if (wanted !== undefined && collection !== wanted) continue;
    for (const [ref, commit] of refsBelow(directory)) {
      found.set(formatCollectionRef({ collection, ref }), { collection, ref, commit });
    }
  }
  return [...found.values()].sort((a, b) => order(a.collection, b.collection) || order(a.ref, b.ref));
}

interface Namespace {
  readonly collection: string;
  readonly directory: string;
}

function namespaces(repo: Repo, withRemotes: boolean): Namespace[] {
  const found: Namespace[] = [];
  const { collectionId: own, path } = repo;
  if (own !== undefined) found.push({ collection: own, directory: refDirectory(path, {}) });
  for (const collection of listDirectory(join(path, "refs/mirrors"))) {
    found.push({ collection, directory: refDirectory(path, { collection }) });
  }
  for (const remote of withRemotes ? listDirectory(join(path, "refs/remotes")) : []) {
    const collection = tryFindRemote(repo, remote)?.collectionId;
    if (collection !== undefined && isCollectionId(collection)) {
      found.push({ collection, directory: refDirectory(path, { remote }) });
    }
  }
  return found;
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
