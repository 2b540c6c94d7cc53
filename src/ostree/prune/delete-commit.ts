// SPDX-License-Identifier: Apache-2.0
import { lstatIfExists } from "../../base/index.ts";
import { formatCollectionRef } from "../collections/collection-ref.ts";
import { listCollectionRefs } from "../collections/list-collection-refs.ts";
import { deleteObject, enableTombstones } from "../delete-object.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";

/** Deletes a commit object that no ref points to, leaving a tombstone (`ostree prune --delete-commit`). */
export function deleteCommit(repo: Repo, commit: Checksum): void {
  const places = [
    ...[...repo.listRefs()].map(([ref, target]) => ({ place: `'${ref}'`, target })),
    ...listCollectionRefs(repo, { remotes: false }).map((ref) => ({
      place: formatCollectionRef(ref),
      target: ref.commit,
    })),
  ];
  const used = places.find(({ target }) => target === commit);
  if (used) throw ostreeError("in-use", `Commit '${commit}' is referenced by ${used.place}`);
  if (!lstatIfExists(repo.objectPath(commit, "commit"))) {
    throw ostreeError("no-such-object", `Deleting object ${commit}.commit: there is no such commit`);
  }
  enableTombstones(repo);
  deleteObject(repo, commit, "commit");
}
