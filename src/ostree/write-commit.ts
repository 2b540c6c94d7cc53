// SPDX-License-Identifier: Apache-2.0
import type { Variant } from "../formats/index.ts";
import { encodeCommit } from "./metadata-objects.ts";
import type { Checksum } from "./model.ts";
import type { Repo } from "./repo.ts";
import { Transaction } from "./transaction.ts";

export interface WriteCommitOptions {
  readonly tree: Checksum;
  readonly meta: Checksum;
  readonly parent?: Checksum;
  readonly subject?: string;
  readonly body?: string;
  /** Seconds since 1970. */
  readonly timestamp: bigint | number;
  readonly metadata?: ReadonlyMap<string, Variant>;
  /** Is set to the commit. */
  readonly ref?: string;
  /** Adds to this transaction instead of one of its own. */
  readonly transaction?: Transaction;
}

/** Writes a commit object (ostree_repo_write_commit_with_time). Metadata is kept in its order. */
export function writeCommit(repo: Repo, options: WriteCommitOptions): Checksum {
  if (options.transaction) return addCommit(options.transaction, options);
  using transaction = Transaction.begin(repo);
  const checksum = addCommit(transaction, options);
  transaction.commit();
  return checksum;
}

function addCommit(transaction: Transaction, options: WriteCommitOptions): Checksum {
  const { tree, meta, parent, subject = "", body = "", metadata = new Map(), ref } = options;
  const timestamp = BigInt(options.timestamp);
  const commit = { metadata, subject, body, timestamp, tree, meta, ...(parent === undefined ? {} : { parent }) };
  const checksum = transaction.writeMetadata("commit", encodeCommit(commit));
  if (ref !== undefined) transaction.setRef(ref, checksum);
  return checksum;
}

/** The metadata that `ostree commit --branch` adds: the refs that the commit is for, sorted. */
export function refBinding(refs: readonly string[]): [string, Variant] {
  return ["ostree.ref-binding", { type: "as", value: refs.toSorted() }];
}
