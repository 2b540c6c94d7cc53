// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "../errors.ts";
import { type Checksum, isChecksum } from "../model.ts";
import type { PullSource } from "../pull-source.ts";
import { checkRefName } from "../refs.ts";
import { Repo } from "../repo.ts";
import type { ResolvedRefs } from "../resolved-refs.ts";
import { type Summary, summaryCollections, summaryKeys } from "../summary-format.ts";
import { checkCollectionId, checkCollectionRef, type CollectionRef, formatCollectionRef } from "./collection-ref.ts";
import { listCollectionRefs, type ListedCollectionRef } from "./list-collection-refs.ts";

/** A ref to pull by its collection, whichever place the remote has it in. */
export interface WantedCollectionRef extends CollectionRef {
  /** Pull this commit instead of the one that the remote has the ref at. */
  readonly commit?: Checksum;
}

/** A ref file holds 64 digits; a server cannot make us read more. */
const refFileLimit = 64 << 10;

/** Finds the commits of refs that were asked for by collection. */
export async function resolveCollectionRefs(
  source: PullSource,
  wanted: readonly WantedCollectionRef[],
  summary: Summary | undefined,
): Promise<ResolvedRefs> {
  const found: ListedCollectionRef[] = [];
  for (const { collection, ref, commit } of wanted) {
    checkCollectionRef(collection, ref);
    found.push({ collection, ref, commit: commit ?? (await lookUp(source, { collection, ref }, summary)) });
  }
  return resolved(found);
}

async function lookUp(source: PullSource, ref: CollectionRef, summary: Summary | undefined): Promise<Checksum> {
  const name = formatCollectionRef(ref);
  if (summary) {
    const found = summaryCollections(summary).get(ref.collection)?.get(ref.ref);
    if (found) return found.commit;
    throw ostreeError("no-such-remote-ref", `No such branch ${name} in repository summary`);
  }
  if (source.objects.type === "local") {
    const own = Repo.open(source.objects.path);
    const found = listCollectionRefs(own, { collection: ref.collection }).find((one) => one.ref === ref.ref);
    if (found) return found.commit;
    throw ostreeError("no-such-remote-ref", `Collection–ref ${name} not found`);
  }
  const path = `refs/mirrors/${ref.collection}/${ref.ref}`;
  const text = (await source.read(path, refFileLimit))?.toString("latin1").trimEnd();
  if (text === undefined) throw ostreeError("no-such-remote-ref", `${source.name} has no ref ${name}`);
  if (!isChecksum(text)) throw ostreeError("bad-checksum", `Fetching checksum for ref ${name}: ${path} holds none`);
  return text;
}

/**
 * A mirror keeps the refs of a repository that is of a collection as that collection's.
 * @param all also the refs of other collections that the repository mirrors
 */
export function mirrorCollections(refs: ResolvedRefs, summary: Summary | undefined, all: boolean): ResolvedRefs {
  if (!summary) return refs;
  const id = summary.metadata.get(summaryKeys.collectionId);
  const own = id?.type === "s" ? checkCollectionId(String(id.value)) : undefined;
  const mirrored = all ? otherCollections(summary, own) : [];
  const ofOwn = [...refs.refs].map(([ref, commit]) => ({ collection: own!, ref, commit }));
  const moved = own === undefined ? mirrored : [...ofOwn, ...mirrored];
  const rest = own === undefined ? refs : { ...refs, refs: new Map<string, Checksum>() };
  return {
    ...rest,
    commits: [...refs.commits, ...mirrored.map(({ ref, commit }) => ({ ref, commit }))],
    collectionRefs: moved,
  };
}

function otherCollections(summary: Summary, own: string | undefined): ListedCollectionRef[] {
  return [...summaryCollections(summary)].flatMap(([collection, refs]) => {
    checkCollectionId(collection);
    if (collection === own) return [];
    return [...refs].map(([ref, { commit }]) => ({ collection, ref: checkRefName(ref), commit }));
  });
}

function resolved(found: readonly ListedCollectionRef[]): ResolvedRefs {
  return {
    refs: new Map(),
    collectionRefs: found,
    commits: found.map(({ collection, ref, commit }) => ({ ref, commit, collection })),
  };
}
