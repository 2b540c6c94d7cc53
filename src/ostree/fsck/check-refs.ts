// SPDX-License-Identifier: Apache-2.0
import { type BindingCheck, checkBindings } from "../bindings.ts";
import { formatCollectionRef } from "../collections/collection-ref.ts";
import { listCollectionRefs } from "../collections/list-collection-refs.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import { parseRefSpec } from "../refs.ts";
import type { Repo } from "../repo.ts";
import type { FsckOptions } from "./model.ts";
import { unlessUnreadable } from "./unless-unreadable.ts";

/** Every ref must name a commit that is there, and when asked for one that is bound to the ref. */
export function checkRefs(repo: Repo, { onPhase, verifyBindings, verifyBackRefs }: FsckOptions): void {
  const bindings = verifyBindings === true || verifyBackRefs === true;
  onPhase?.("refs");
  for (const [name, commit] of repo.listRefs()) {
    checkRef(repo, name, commit, bindings ? { ref: parseRefSpec(name).ref } : undefined);
  }
  onPhase?.("collections");
  for (const { collection, ref, commit } of listCollectionRefs(repo, { remotes: false })) {
    const name = formatCollectionRef({ collection, ref });
    checkRef(repo, name, commit, bindings ? { ref, collectionId: collection } : undefined);
  }
}

/** fsck_commit_for_ref */
function checkRef(repo: Repo, name: string, commit: Checksum, bindings: BindingCheck | undefined): void {
  if (!repo.holds(commit, "commit")) {
    throw ostreeError("corrupt", `Loading commit for ref ${name}: No such metadata object ${commit}.commit`);
  }
  const content = bindings ? unlessUnreadable(() => repo.loadCommit(commit)) : undefined;
  if (content && bindings) checkBindings(content, commit, bindings);
}
