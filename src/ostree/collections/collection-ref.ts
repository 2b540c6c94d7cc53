// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "../errors.ts";
import { checkRefName, type RefSpec } from "../refs.ts";
import type { Repo } from "../repo.ts";

/** A ref in a collection: the same ref in whichever repository of that collection, or mirror of it, one finds it. */
export interface CollectionRef {
  /** Globally unique, in the form of a reversed domain name. */
  readonly collection: string;
  readonly ref: string;
}

/** ostree_validate_collection_id: the form of a D-Bus interface name. */
export function isCollectionId(text: string): boolean {
  return text.length <= 255 && /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/.test(text);
}

export function checkCollectionId(text: string): string {
  if (isCollectionId(text)) return text;
  throw ostreeError("bad-ref", `Invalid collection ID ${text}`);
}

export function checkCollectionRef(collection: string, ref: string): CollectionRef {
  return { collection: checkCollectionId(collection), ref: checkRefName(ref) };
}

export function formatCollectionRef({ collection, ref }: CollectionRef): string {
  return `(${collection}, ${ref})`;
}

/** Where a repository keeps a ref of a collection: its own with the local refs, others as mirrored (_ostree_repo_write_ref). */
export function collectionRefSpec(repo: Repo, ref: CollectionRef): RefSpec {
  return ref.collection === repo.collectionId ? { ref: ref.ref } : { collection: ref.collection, ref: ref.ref };
}
