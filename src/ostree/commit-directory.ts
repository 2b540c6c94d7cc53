// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import type { Variant } from "../formats/index.ts";
import type { Checksum } from "./model.ts";
import { defaultTimestamp } from "./parse-date.ts";
import type { Repo } from "./repo.ts";
import { scanTree } from "./scan-tree.ts";
import { refBinding, writeCommit } from "./write-commit.ts";
import { writeTree, type WriteTreeOptions } from "./write-tree.ts";

export interface CommitDirectoryOptions extends Omit<WriteTreeOptions, "transaction"> {
  /** Is set to the commit, which is bound to it; what it was at becomes the parent. */
  readonly branch: string;
  readonly subject?: string;
  readonly body?: string;
  /** Seconds since 1970; default: SOURCE_DATE_EPOCH, else now. */
  readonly timestamp?: bigint | number;
  readonly metadata?: ReadonlyMap<string, Variant>;
}

/** Commits a directory to a branch, as `ostree commit --branch=BRANCH --tree=dir=PATH`. */
export async function commitDirectory(
  repo: Repo,
  path: string,
  options: CommitDirectoryOptions,
  progress: ProgressListener = silent,
): Promise<Checksum> {
  const { branch, subject, body, timestamp = defaultTimestamp(), metadata = new Map(), ...how } = options;
  const { tree, meta } = await writeTree(repo, scanTree(path), how, progress);
  const parent = repo.tryResolve(branch);
  return writeCommit(repo, {
    tree,
    meta,
    timestamp,
    ref: branch,
    metadata: new Map([...metadata, refBinding([branch])]),
    ...(parent === undefined ? {} : { parent }),
    ...(subject === undefined ? {} : { subject }),
    ...(body === undefined ? {} : { body }),
  });
}
