// SPDX-License-Identifier: Apache-2.0
import type { Variant } from "../../formats/index.ts";
import { defaultTimestamp } from "../parse-date.ts";
import type { Repo } from "../repo.ts";
import { signCommit } from "../sign/commit-signatures.ts";
import { updateSummary, type UpdateSummaryOptions } from "../summary.ts";
import { repoMetadataRef, writeRepoMetadata } from "./write-repo-metadata.ts";

/**
 * Brings the repository's summary up to date as `ostree summary -u` does: in a repository of a collection with a commit
 * on its `ostree-metadata` (ostree_repo_regenerate_metadata).
 */
export async function updateRepoMetadata(repo: Repo, options: UpdateSummaryOptions = {}): Promise<void> {
  const { metadata = new Map<string, Variant>(), timestamp = defaultTimestamp(), signers = [] } = options;
  if (repo.collectionId !== undefined) {
    const commit = writeRepoMetadata(repo, repo.collectionId, { metadata, timestamp });
    for (const signer of signers) await signCommit(repo, commit, signer);
    repo.setRef(repoMetadataRef, commit);
  }
  await updateSummary(repo, { ...options, timestamp });
}
