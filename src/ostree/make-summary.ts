// SPDX-License-Identifier: Apache-2.0
import type { Variant } from "../formats/index.ts";
import { listCollectionRefs } from "./collections/list-collection-refs.ts";
import { keepsTombstones } from "./delete-object.ts";
import { digestsToVariant } from "./delta/format.ts";
import { deltaDigests, listDeltas } from "./delta-names.ts";
import { refsBelow } from "./list-refs.ts";
import { commitSummary } from "./metadata-objects.ts";
import type { Checksum } from "./model.ts";
import { defaultTimestamp } from "./parse-date.ts";
import { refDirectory } from "./refs.ts";
import type { Repo } from "./repo.ts";
import { bigEndian, refsValue, type Summary, summaryKeys, type SummaryRef } from "./summary-format.ts";

export interface MakeSummaryOptions {
  /** Metadata beside libostree's own keys. */
  readonly metadata?: ReadonlyMap<string, Variant>;
  /** Seconds since 1970 for last-modified; default: SOURCE_DATE_EPOCH, or now. */
  readonly timestamp?: bigint;
}

/** The summary of a repository as it is now (regenerate_metadata). Equal refs and time give an equal one. */
export function makeSummary(repo: Repo, options: MakeSummaryOptions = {}): Summary {
  const entry = refEntries(repo);
  const collections = new Map<string, Map<string, SummaryRef>>();
  for (const { collection, ref, commit } of listCollectionRefs(repo)) {
    let refs = collections.get(collection);
    if (!refs) collections.set(collection, (refs = new Map()));
    refs.set(ref, entry(commit));
  }
  const own = repo.collectionId;
  const refs =
    own === undefined
      ? new Map(refsBelow(refDirectory(repo.path, {})).map(([ref, commit]) => [ref, entry(commit)]))
      : (collections.get(own) ?? new Map<string, SummaryRef>());
  // For older clients the refs of the own collection stand where those of none do.
  if (own !== undefined) collections.delete(own);
  return { refs, metadata: summaryMetadata(repo, collections, options) };
}

/** summary_add_ref_entry. Refs often share a commit: each is read once. */
function refEntries(repo: Repo): (commit: Checksum) => SummaryRef {
  const known = new Map<Checksum, SummaryRef>();
  return (commit) => {
    let entry = known.get(commit);
    if (!entry) known.set(commit, (entry = refEntry(repo, commit)));
    return entry;
  };
}

function refEntry(repo: Repo, commit: Checksum): SummaryRef {
  const bytes = repo.loadMetadata(commit, "commit");
  const { timestamp, version } = commitSummary(bytes, `commit ${commit}`);
  return {
    commit,
    size: BigInt(bytes.length),
    metadata: new Map([
      [summaryKeys.commitTimestamp, bigEndian(timestamp)] as const,
      ...(version?.type === "s" ? [[summaryKeys.commitVersion, version] as const] : []),
    ]),
  };
}

function summaryMetadata(
  repo: Repo,
  collections: ReadonlyMap<string, ReadonlyMap<string, SummaryRef>>,
  options: MakeSummaryOptions,
): Map<string, Variant> {
  const metadata = new Map<string, Variant>(options.metadata);
  metadata.set(summaryKeys.mode, { type: "s", value: repo.config.get("core", "mode") ?? "bare" });
  metadata.set(summaryKeys.lastModified, bigEndian(options.timestamp ?? defaultTimestamp()));
  metadata.set(summaryKeys.tombstones, { type: "b", value: keepsTombstones(repo) });
  metadata.set(summaryKeys.indexedDeltas, { type: "b", value: true });
  if (repo.collectionId !== undefined) {
    metadata.set(summaryKeys.collectionId, { type: "s", value: repo.collectionId });
  }
  if (collections.size > 0) {
    const value = new Map([...collections].sort(byKey).map(([id, refs]) => [id, refsValue(refs)]));
    metadata.set(summaryKeys.collectionMap, { type: "a{sa(s(taya{sv}))}", value });
  }
  const deltas = summaryDeltas(repo);
  if (deltas) metadata.set(summaryKeys.staticDeltas, deltas);
  return new Map([...metadata].sort(byKey));
}

function summaryDeltas(repo: Repo): Variant | undefined {
  if (repo.config.getBoolean("core", "no-deltas-in-summary")) return undefined;
  const deltas = deltaDigests(listDeltas(repo));
  if (deltas.size === 0) return undefined;
  return digestsToVariant(deltas);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
