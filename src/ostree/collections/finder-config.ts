// SPDX-License-Identifier: Apache-2.0
import { fetchRemoteSummary } from "../pull.ts";
import { listRemotes, type Remote, tryFindRemote } from "../remotes.ts";
import type { Repo } from "../repo.ts";
import { type Summary, summaryCollections } from "../summary-format.ts";
import { type CollectionRef, isCollectionId } from "./collection-ref.ts";
import type { FinderOptions, FoundPlace } from "./finder.ts";

/** Finds refs in the remotes that are configured with the refs' collections (OstreeRepoFinderConfig). */
export async function findInConfig(
  repo: Repo,
  refs: readonly CollectionRef[],
  options: FinderOptions = {},
): Promise<FoundPlace[]> {
  const wanted = new Set(refs.map(({ collection }) => collection));
  const remotes = listRemotes(repo).flatMap((name) => {
    const remote = tryFindRemote(repo, name);
    const id = remote?.collectionId;
    return remote && id !== undefined && isCollectionId(id) && wanted.has(id) ? [{ remote, id }] : [];
  });
  const found = await Promise.all(
    remotes.map(async ({ remote, id }): Promise<FoundPlace[]> => {
      const summary = await summaryOf(repo, remote, options);
      const offered = summary && summaryCollections(summary).get(id);
      if (!offered || !refs.some(({ collection, ref }) => collection === id && offered.has(ref))) return [];
      const url = remote.url ?? "";
      return [{ finder: "OstreeRepoFinderConfig", priority: 100, url, remote: remote.name, summary }];
    }),
  );
  return found.flat();
}

/** A remote that cannot be reached, or whose summary is not to be trusted, has nothing to offer. */
async function summaryOf(repo: Repo, remote: Remote, options: FinderOptions): Promise<Summary | undefined> {
  try {
    return (await fetchRemoteSummary(repo, remote.name, options)).summary;
  } catch {
    return undefined;
  }
}
