// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";
import type { Checksum, Commit } from "./model.ts";
import type { Repo } from "./repo.ts";

export interface LogEntry {
  readonly checksum: Checksum;
  /** Absent when the repository has not the commit: history beyond it was not fetched. */
  readonly commit?: Commit;
}

/** A commit and its ancestors, newest first. The last entry has no commit when the history goes on elsewhere. */
export function* log(repo: Repo, rev: string): Generator<LogEntry> {
  const first = repo.resolve(rev);
  yield { checksum: first, commit: repo.loadCommit(first) };
  let next = repo.loadCommit(first).parent;
  while (next !== undefined) {
    const checksum: Checksum = next;
    if (!repo.has(checksum, "commit")) {
      yield { checksum };
      return;
    }
    const commit = repo.loadCommit(checksum);
    yield { checksum, commit };
    next = commit.parent;
  }
}

/** What a commit contains, whatever its time, subject and metadata (ostree_commit_get_content_checksum). */
export function contentChecksum({ tree, meta }: Commit): Checksum {
  return hash("sha256", Buffer.from(tree + meta, "hex"), "hex") as Checksum;
}
