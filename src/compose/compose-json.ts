// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { Checksum, Repo, TransactionStats } from "../ostree/index.ts";
import { diffPackages, packageDiffRows } from "../packages/index.ts";
import { treePackages } from "./diff/index.ts";

/**
 * What `--write-composejson-to` tells of a commit, with rpm-ostree's keys (rpmostree-composeutil.cxx
 * `rpmostree_composeutil_write_composejson`).
 */
export function composeJson(
  repo: Repo,
  commit: Checksum,
  { ref, stats }: { readonly ref?: string | undefined; readonly stats?: TransactionStats | undefined },
): Record<string, unknown> {
  const { metadata, tree, meta, timestamp, parent } = repo.loadCommit(commit);
  const text = (key: string) => metadata.get(key)?.value;
  const hashed = createHash("sha256").update(Buffer.from(tree + meta, "hex"));
  const diff = parent === undefined ? undefined : packageDiff(repo, parent, commit);
  return {
    ...(ref !== undefined && { ref }),
    ...(stats && counts(stats)),
    "ostree-commit": commit,
    "ostree-content-checksum": hashed.digest("hex"),
    "ostree-version": text("version"),
    "ostree-timestamp": new Date(Number(timestamp) * 1000).toISOString().replace(".000Z", "Z"),
    "rpm-ostree-inputhash": text("rpmostree.inputhash") ?? text("atomic.inputhash"),
    ...(diff && { pkgdiff: diff }),
  };
}

function counts(stats: TransactionStats): Record<string, number> {
  return {
    "ostree-n-metadata-total": stats.metadataTotal,
    "ostree-n-metadata-written": stats.metadataWritten,
    "ostree-n-content-total": stats.contentTotal,
    "ostree-n-content-written": stats.contentWritten,
    "ostree-n-cache-hits": stats.cacheHits,
    "ostree-content-bytes-written": stats.contentBytesWritten,
  };
}

function packageDiff(repo: Repo, parent: Checksum, commit: Checksum): unknown[] | undefined {
  const [before, after] = [treePackages(repo, parent), treePackages(repo, commit)];
  return before && after && packageDiffRows(diffPackages(before, after));
}
