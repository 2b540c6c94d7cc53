// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import { type Checksum, isChecksum, parseRefSpec, pull } from "../ostree/index.ts";
import { metadataString, tryLoadCommit } from "./commit-metadata.ts";
import { hostError } from "./errors.ts";
import type { Sysroot } from "./sysroot.ts";

/** Commits looked through for a version: a remote's endless history must not keep us for ever. */
const historyLimit = 10_000;

export interface FindRevisionOptions {
  /** Use only what was downloaded. */
  readonly cacheOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Take a commit of another branch, too. */
  readonly skipBranchCheck?: boolean;
}

/** As `findRevision`, of any branch, and pulled whole. */
export async function fetchRevision(
  sysroot: Sysroot,
  refspec: string,
  words: string,
  progress: ProgressListener = silent,
): Promise<Checksum> {
  const checksum = await findRevision(sysroot, refspec, words, progress, { skipBranchCheck: true });
  const { remote } = parseRefSpec(refspec);
  if (remote !== undefined) await pull(sysroot.repo, { remote, refs: [checksum] }, progress);
  return checksum;
}

/**
 * The commit that `words` mean: a checksum, or a version of the branch that `refspec` follows (rpm-ostree's
 * `deploy VERSION|CHECKSUM`, also written `version=...`, `revision=...`: `parse_revision`). The commits of the branch are
 * here then, their files need not be.
 */
export async function findRevision(
  sysroot: Sysroot,
  refspec: string,
  words: string,
  progress: ProgressListener = silent,
  { cacheOnly = false, skipBranchCheck = false, signal }: FindRevisionOptions = {},
): Promise<Checksum> {
  const wanted = parseRevision(words);
  if ("checksum" in wanted && skipBranchCheck) return wanted.checksum;
  const matches = (at: Checksum) =>
    "version" in wanted ? versionOf(sysroot, at) === wanted.version : at === wanted.checksum;
  const checksum = await findInBranch(sysroot, refspec, matches, { cacheOnly, signal }, progress);
  if (checksum === undefined) throw notFound(sysroot, refspec, wanted);
  return checksum;
}

type Revision = { readonly version: string } | { readonly checksum: Checksum };

function parseRevision(words: string): Revision {
  const [, kind, name] = /^(version|revision)=(.*)$/is.exec(words) ?? [undefined, "", words];
  if (kind?.toLowerCase() === "version") return { version: name ?? "" };
  if (name !== undefined && isChecksum(name)) return { checksum: name };
  if (kind !== "") throw hostError("no-version", `${words} does not name a commit by its checksum`);
  return { version: words };
}

function versionOf({ repo }: Sysroot, checksum: Checksum): string | undefined {
  return metadataString(tryLoadCommit(repo, checksum), "version");
}

function notFound({ repo }: Sysroot, refspec: string, wanted: Revision): Error {
  const list = `atomic ostree log --repo=${repo.path} ${refspec}  lists what there is`;
  if ("version" in wanted)
    return hostError("no-version", `${refspec} has no version ${wanted.version}`, { hint: list });
  return hostError("no-version", `Checksum ${wanted.checksum} not found in ${refspec}`, {
    hint: `--skip-branch-check takes a commit of another branch; ${list}`,
  });
}

/** Walks the branch from its newest commit until one matches. */
async function findInBranch(
  sysroot: Sysroot,
  refspec: string,
  matches: (checksum: Checksum) => boolean,
  { cacheOnly, signal }: { readonly cacheOnly: boolean; readonly signal: AbortSignal | undefined },
  progress: ProgressListener,
): Promise<Checksum | undefined> {
  const { repo } = sysroot;
  const { remote, ref } = parseRefSpec(refspec);
  if (remote !== undefined && !cacheOnly)
    await pull(repo, { remote, refs: [ref], commitMetadataOnly: true, depth: -1, signal }, progress);
  return history(sysroot, refspec).find(matches);
}

function* history({ repo }: Sysroot, refspec: string): Generator<Checksum> {
  let at = repo.tryResolve(refspec);
  for (let count = 0; at !== undefined && count < historyLimit; count++) {
    yield at;
    at = tryLoadCommit(repo, at)?.parent;
  }
}
