// SPDX-License-Identifier: Apache-2.0
import type { Variant } from "../../formats/index.ts";
import { encodeDirTree } from "../dirtree-object.ts";
import { encodeDirMeta } from "../metadata-objects.ts";
import type { Checksum } from "../model.ts";
import { readOwnRef } from "../refs.ts";
import type { Repo } from "../repo.ts";
import { Transaction } from "../transaction.ts";
import { refBinding, writeCommit } from "../write-commit.ts";

/** OSTREE_REPO_METADATA_REF: each repository of a collection has it, for its summary's metadata where there is no summary. */
export const repoMetadataRef = "ostree-metadata";

export interface RepoMetadataOptions {
  readonly metadata: ReadonlyMap<string, Variant>;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
}

/**
 * Writes a commit of nothing but metadata, bound to the collection's `ostree-metadata`; the ref is for the caller to set,
 * who may want to sign the commit before (_ostree_repo_transaction_write_repo_metadata).
 */
export function writeRepoMetadata(repo: Repo, collection: string, options: RepoMetadataOptions): Checksum {
  const metadata = new Map<string, Variant>(options.metadata);
  metadata.set("ostree.collection-binding", { type: "s", value: collection });
  metadata.set(...refBinding([repoMetadataRef]));
  const parent = readOwnRef(repo.path, { ref: repoMetadataRef });
  using transaction = Transaction.begin(repo);
  const commit = writeCommit(repo, {
    tree: transaction.writeMetadata("dirtree", encodeDirTree({ files: [], dirs: [] })),
    meta: transaction.writeMetadata("dirmeta", encodeDirMeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] })),
    metadata: new Map([...metadata].sort(([a], [b]) => (a < b ? -1 : 1))),
    timestamp: options.timestamp,
    transaction,
    ...(parent === undefined ? {} : { parent }),
  });
  transaction.commit();
  return commit;
}
