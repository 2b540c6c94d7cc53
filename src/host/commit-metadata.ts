// SPDX-License-Identifier: Apache-2.0
import type { GVariantValue } from "../formats/index.ts";
import { type Checksum, type Commit, type Repo } from "../ostree/index.ts";

/** A commit, or undefined when the repository no longer has it: status must work all the same. */
export function tryLoadCommit(repo: Repo, checksum: Checksum): Commit | undefined {
  return repo.has(checksum, "commit") ? repo.loadCommit(checksum) : undefined;
}

/** The commit's `version` (OSTREE_COMMIT_META_KEY_VERSION). */
export function commitVersion(repo: Repo, checksum: Checksum): string | undefined {
  return metadataString(tryLoadCommit(repo, checksum), "version");
}

export function metadataString(commit: Commit | undefined, key: string): string | undefined {
  const value = commit?.metadata.get(key);
  return value?.type === "s" ? String(value.value) : undefined;
}

export function metadataValue(commit: Commit | undefined, key: string): GVariantValue | undefined {
  return commit?.metadata.get(key)?.value;
}

/** What a version is called and when it was made. */
export interface VersionInfo {
  readonly checksum: Checksum;
  readonly version: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp: number | undefined;
}

export function versionInfo(repo: Repo, checksum: Checksum): VersionInfo {
  const commit = tryLoadCommit(repo, checksum);
  const timestamp = commit === undefined ? undefined : Number(commit.timestamp);
  return { checksum, version: metadataString(commit, "version"), timestamp };
}
