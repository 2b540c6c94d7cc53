// SPDX-License-Identifier: Apache-2.0
/** Ref bindings: a commit says which refs may name it, so that a server cannot hand out one branch as another. */
import { ostreeError } from "./errors.ts";
import type { Checksum, Commit } from "./model.ts";

export interface BindingCheck {
  /** The ref by which the commit was asked for; none when it was asked for by checksum. */
  readonly ref?: string | undefined;
  /** The collection that the remote belongs to: then the commit must say so as well. */
  readonly collectionId?: string | undefined;
}

/** As _ostree_repo_verify_bindings. */
export function checkBindings(commit: Commit, checksum: Checksum, check: BindingCheck): void {
  const fail = (detail: string) => ostreeError("pull-refused", `Commit ${checksum}: ${detail}`);
  const binding = commit.metadata.get("ostree.ref-binding");
  if (binding?.type !== "as") {
    if (check.collectionId === undefined) return;
    throw fail("Expected commit metadata to have ref binding information, found none");
  }
  const refs = binding.value as readonly string[];
  if (check.ref !== undefined && !refs.includes(check.ref)) {
    const listed = refs.length > 0 ? refs.map((ref) => `‘${ref}’`).join(", ") : "no refs";
    throw fail(`Commit has no requested ref ‘${check.ref}’ in ref binding metadata (${listed})`);
  }
  if (check.collectionId !== undefined) checkCollection(commit, check.collectionId, fail);
}

/**
 * Requires that the refs which a commit is bound to name it (fsck_one_commit).
 * @param resolve what a ref is at; it is of the commit's collection when that is given
 */
export function checkBackRefs(
  commit: Commit,
  checksum: Checksum,
  resolve: (ref: string, collection: string | undefined) => Checksum | undefined,
): void {
  const binding = commit.metadata.get("ostree.ref-binding");
  if (binding?.type !== "as") return;
  const id = commit.metadata.get("ostree.collection-binding");
  const collection = id?.type === "s" ? String(id.value) : undefined;
  for (const ref of binding.value as readonly string[]) {
    const target = resolve(ref, collection);
    if (target === checksum) continue;
    const what = collection === undefined ? `Ref ‘${ref}’` : `Collection–ref (${collection}, ${ref})`;
    const problem = target === undefined ? "does not exist" : "does not resolve to that commit";
    throw ostreeError("corrupt", `${what} in bindings for commit ${checksum} ${problem}`);
  }
}

function checkCollection(commit: Commit, wanted: string, fail: (detail: string) => Error): void {
  const found = commit.metadata.get("ostree.collection-binding");
  if (found?.type !== "s") {
    throw fail("Expected commit metadata to have collection ID binding information, found none");
  }
  if (found.value !== wanted) {
    throw fail(
      `Commit has collection ID ‘${String(found.value)}’ in collection binding metadata, while the remote it came from has collection ID ‘${wanted}’`,
    );
  }
}
