// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import { type Checksum, isChecksum, parseRefSpec, pull } from "../ostree/index.ts";
import { metadataString, tryLoadCommit } from "./commit-metadata.ts";
import { hostError } from "./errors.ts";
import type { Sysroot } from "./sysroot.ts";

/** Commits looked through for a version: a remote's endless history must not keep us for ever. */
const historyLimit = 10_000;

/**
 * The commit that `words` mean, pulled whole: a checksum, or a version of the branch that `refspec` follows
 * (rpm-ostree's `deploy VERSION|CHECKSUM`, also written `version=...`, `revision=...`).
 */
export async function fetchRevision(
  sysroot: Sysroot,
  refspec: string,
  words: string,
  progress: ProgressListener = silent,
): Promise<Checksum> {
  const [, kind, name = ""] = /^(?:(version|revision)=)?(.+)$/.exec(words) ?? [];
  const byChecksum = kind !== "version" && isChecksum(name);
  const checksum = byChecksum ? name : await findVersion(sysroot, refspec, name, progress);
  const { remote } = parseRefSpec(refspec);
  if (remote !== undefined) await pull(sysroot.repo, { remote, refs: [checksum] }, progress);
  return checksum;
}

/** Walks the branch from its newest commit until one has the version. */
async function findVersion(
  sysroot: Sysroot,
  refspec: string,
  version: string,
  progress: ProgressListener,
): Promise<Checksum> {
  const { remote, ref } = parseRefSpec(refspec);
  const { repo } = sysroot;
  if (remote !== undefined) await pull(repo, { remote, refs: [ref], commitMetadataOnly: true, depth: -1 }, progress);
  let at = repo.tryResolve(refspec);
  for (let count = 0; at !== undefined && count < historyLimit; count++) {
    const commit = tryLoadCommit(repo, at);
    if (metadataString(commit, "version") === version) return at;
    at = commit?.parent;
  }
  throw hostError("no-version", `${refspec} has no version ${version}`, {
    hint: `atomic ostree log --repo=${repo.path} ${refspec}  lists what there is`,
  });
}
