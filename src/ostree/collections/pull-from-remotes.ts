// SPDX-License-Identifier: Apache-2.0
import { AtomicError, type ProgressListener, silent } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import { pull } from "../pull.ts";
import { tryFindRemote } from "../remotes.ts";
import type { Repo } from "../repo.ts";
import { formatCollectionRef } from "./collection-ref.ts";
import type { FoundRemote } from "./find-remotes.ts";
import type { FinderOptions } from "./finder.ts";

export interface PullFromRemotesOptions extends FinderOptions {
  readonly mirror?: boolean;
  readonly fsync?: boolean;
}

/**
 * Pulls each ref from the first remote that has it, and from the next when that fails. Commits must be signed by keys of
 * the remote, also where its configuration asks for no signatures (ostree_repo_pull_from_remotes_async).
 */
export async function pullFromRemotes(
  repo: Repo,
  remotes: readonly FoundRemote[],
  options: PullFromRemotesOptions = {},
  progress: ProgressListener = silent,
): Promise<void> {
  const failed = new Map<string, Error>();
  const pulled = new Set<string>();
  for (const { remote, url, finder, refs } of remotes) {
    const wanted = refs.flatMap(({ ref, commit }) =>
      commit === undefined || pulled.has(formatCollectionRef(ref)) ? [] : [{ ...ref, commit }],
    );
    if (wanted.length === 0) continue;
    const place = finder === "OstreeRepoFinderMount" ? { remote, url } : { remote };
    const trust = { gpgVerify: needsGpg(repo, remote), gpgVerifySummary: false, untrusted: true };
    try {
      await pull(repo, { ...options, ...place, ...trust, collectionRefs: wanted }, progress);
      for (const ref of wanted) {
        pulled.add(formatCollectionRef(ref));
        failed.delete(formatCollectionRef(ref));
      }
    } catch (error) {
      if (!(error instanceof AtomicError)) throw error;
      for (const ref of wanted) failed.set(formatCollectionRef(ref), error);
    }
  }
  if (failed.size === 0) return;
  const names = [...failed.keys()].join(", ");
  const [cause] = failed.values();
  throw ostreeError("pull-failed", `Failed to pull some refs from the remotes: ${names}`, {
    cause,
    hint: cause!.message,
  });
}

/** By GPG, unless the remote does without it in favour of other signatures. */
function needsGpg(repo: Repo, name: string): boolean {
  const remote = tryFindRemote(repo, name);
  const other = remote?.option("sign-verify");
  return remote?.gpgVerify !== false || other === undefined || ["", "false", "0"].includes(other);
}
