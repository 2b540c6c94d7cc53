// SPDX-License-Identifier: Apache-2.0
import type { Checksum, Repo } from "../../ostree/index.ts";
import { diffPackages, type PackageDiff } from "../../packages/index.ts";
import { versionOf } from "../gather.ts";
import { compareFiles, type FileDifference } from "./compare-files.ts";
import { treePackages } from "./tree-packages.ts";

export interface Release {
  readonly commit: Checksum;
  readonly version?: string;
}

export interface CommitDifference {
  readonly from: Release;
  readonly to: Release;
  /** Absent when one of the commits does not say its packages. */
  readonly packages?: PackageDiff;
  /** By path. */
  readonly files: readonly FileDifference[];
  /** Bytes that the files of the second commit take more. */
  readonly growth: number;
}

/** Compares two commits of a repository: their packages, files and sizes. */
export function compareCommits(repo: Repo, from: Checksum, to: Checksum): CommitDifference {
  const [before, after] = [treePackages(repo, from), treePackages(repo, to)];
  const files = compareFiles(repo, from, to).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    from: { commit: from, ...versionOf(repo, from) },
    to: { commit: to, ...versionOf(repo, to) },
    ...(before && after && { packages: diffPackages(before, after) }),
    files,
    growth: files.reduce((sum, { from = 0, to = 0 }) => sum + to - from, 0),
  };
}
