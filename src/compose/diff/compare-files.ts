// SPDX-License-Identifier: Apache-2.0
import { type Checksum, type FoundEntry, type Repo, treeChanges } from "../../ostree/index.ts";

/** A file or link that is only in one of two trees, or another one in each. */
export interface FileDifference {
  readonly kind: "added" | "removed" | "changed";
  /** Absolute. */
  readonly path: string;
  /** Bytes before; 0 for a link. */
  readonly from?: number;
  readonly to?: number;
}

/** Compares the files of two commits. Directories are not reported themselves. */
export function compareFiles(repo: Repo, from: Checksum, to: Checksum): FileDifference[] {
  return treeChanges(repo, from, to)
    .filter(({ before, after }) => before?.type === "file" || after?.type === "file")
    .map(({ path, before, after }) => difference(repo, path, before, after))
    .toArray();
}

function difference(
  repo: Repo,
  path: string,
  before: FoundEntry | undefined,
  after: FoundEntry | undefined,
): FileDifference {
  const [from, to] = [before, after].map((entry) => (entry?.type === "file" ? entry.checksum : undefined));
  return {
    kind: from === undefined ? "added" : to === undefined ? "removed" : "changed",
    path,
    ...(from !== undefined && { from: repo.loadFile(from).size }),
    ...(to !== undefined && { to: repo.loadFile(to).size }),
  };
}
