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

/** The commit below what was layered on this host: the parent of one that rpm-ostree made here, else the commit itself. */
export function baseCommit(repo: Repo, checksum: Checksum): Checksum {
  const commit = tryLoadCommit(repo, checksum);
  return (isLayered(commit) ? commit?.parent : undefined) ?? checksum;
}

/** Whether rpm-ostree layered packages on a base (`rpmostree_deployment_get_layered_info`). */
export function isLayered(commit: Commit | undefined): boolean {
  return metadataValue(commit, "rpmostree.clientlayer") === true;
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
