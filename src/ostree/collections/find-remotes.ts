// SPDX-License-Identifier: Apache-2.0
import { swap64 } from "../file-object.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import type { Repo } from "../repo.ts";
import { type SummaryRef, summaryCollections, summaryKeys } from "../summary-format.ts";
import { tryFindRemote } from "../remotes.ts";
import type { CollectionRef } from "./collection-ref.ts";
import { findInConfig } from "./finder-config.ts";
import { findOnMounts } from "./finder-mount.ts";
import { defaultFinders, type Finder, type FinderName, type FinderOptions, type FoundPlace } from "./finder.ts";

/** A remote that has the newest commit of at least one of the refs. */
export interface FoundRemote extends Omit<FoundPlace, "summary"> {
  /** File name of the keys that commits are checked by. */
  readonly keyring: string;
  /** Seconds since 1970; absent when the summary does not tell. */
  readonly lastModified?: bigint;
  /** Each ref that was asked for; the commit where this remote has the newest one. */
  readonly refs: readonly { readonly ref: CollectionRef; readonly commit?: Checksum }[];
}

const finders: Readonly<Record<FinderName, Finder>> = {
  config: findInConfig,
  mount: (repo, refs) => findOnMounts(repo, refs),
  lan() {
    throw ostreeError("unsupported", "The lan finder is not supported: peers cannot be found by Avahi", {
      hint: "--finders=config,mount  looks in configured remotes and on mounted volumes",
    });
  },
};

/** Finds out where refs of collections can be pulled from, best first (ostree_repo_find_remotes_async). */
export async function findRemotes(
  repo: Repo,
  refs: readonly CollectionRef[],
  names: readonly FinderName[] = defaultFinders(repo),
  options: FinderOptions = {},
): Promise<FoundRemote[]> {
  const places = (await Promise.all(names.map((name) => finders[name](repo, refs, options)))).flat();
  const offers = places.map((place) => ({ place, entries: refs.map((ref) => offerOf(repo, place, ref)) }));
  const newest = refs.map((_, index) =>
    offers.reduce<SummaryRef | undefined>((best, { entries }) => newer(best, entries[index]), undefined),
  );
  return offers
    .flatMap(({ place, entries }): FoundRemote[] => {
      const found = refs.map((ref, index) => {
        const commit = newest[index]?.commit;
        return commit !== undefined && entries[index]?.commit === commit ? { ref, commit } : { ref };
      });
      return found.some(({ commit }) => commit !== undefined) ? [foundRemote(place, found)] : [];
    })
    .sort(compareRemotes);
}

/** A volume's keys vouch for the collection of the remote that they are taken from only. */
function offerOf(repo: Repo, { summary, remote, finder }: FoundPlace, ref: CollectionRef): SummaryRef | undefined {
  const vouched = tryFindRemote(repo, remote)?.collectionId === ref.collection;
  if (!vouched && finder === "OstreeRepoFinderMount") return undefined;
  return summaryCollections(summary).get(ref.collection)?.get(ref.ref);
}

function newer(best: SummaryRef | undefined, other: SummaryRef | undefined): SummaryRef | undefined {
  if (!best || !other) return best ?? other;
  return timestamp(other) > timestamp(best) ? other : best;
}

/** Summaries of 2016 and before do not tell: such a commit counts as older than any other. */
function timestamp({ metadata }: SummaryRef): bigint {
  const value = metadata.get(summaryKeys.commitTimestamp);
  return value?.type === "t" ? swap64(value.value as bigint) : 0n;
}

function foundRemote(place: FoundPlace, refs: FoundRemote["refs"]): FoundRemote {
  const { summary, ...rest } = place;
  const modified = summary.metadata.get(summaryKeys.lastModified);
  return {
    ...rest,
    keyring: `${place.remote}.trustedkeys.gpg`,
    ...(modified?.type === "t" ? { lastModified: swap64(modified.value as bigint) } : {}),
    refs,
  };
}

/** ostree_repo_finder_result_compare */
function compareRemotes(a: FoundRemote, b: FoundRemote): number {
  const count = ({ refs }: FoundRemote) => refs.filter(({ commit }) => commit !== undefined).length;
  return (
    a.priority - b.priority ||
    Number((a.lastModified ?? 0n) - (b.lastModified ?? 0n)) ||
    count(a) - count(b) ||
    (a.remote < b.remote ? -1 : 1)
  );
}
