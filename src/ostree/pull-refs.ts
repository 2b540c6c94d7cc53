// SPDX-License-Identifier: Apache-2.0
import type { Keyfile } from "../formats/index.ts";
import { mirrorCollections, resolveCollectionRefs } from "./collections/pull-collection-refs.ts";
import { ostreeError } from "./errors.ts";
import { type FetchedSummary, fetchSummary, type SummaryStore } from "./fetch-summary.ts";
import { type Checksum, isChecksum } from "./model.ts";
import type { ResolvedRefs, WantedCommit } from "./resolved-refs.ts";
import { checkRemoteMode, type PullSource } from "./pull-source.ts";
import type { PullOptions } from "./pull-options.ts";
import { checkRefName } from "./refs.ts";
import { SummaryCache } from "./remote/summary-cache.ts";
import type { Remote } from "./remotes.ts";
import { Repo } from "./repo.ts";
import { isTrustNeeded, type Trust } from "./sign/trust.ts";
import { summaryKeys } from "./summary-format.ts";

/** What the remote tells of itself. */
export interface RemoteFacts {
  readonly summary: FetchedSummary | undefined;
  /** It has indexes of deltas beside the summary. */
  readonly indexedDeltas: boolean;
  /** It leaves tombstones where it deletes commits. */
  readonly tombstones: boolean;
}

/** A ref file holds 64 digits; a server cannot make us read more. */
const refFileLimit = 64 << 10;

/** Finds out which commits are wanted: from the summary where there is one, else from the ref files. */
export async function resolveRefs(
  repo: Repo,
  source: PullSource,
  remote: Remote | undefined,
  options: PullOptions,
  trust: Trust,
): Promise<ResolvedRefs & RemoteFacts> {
  const learn = (needsRefs: boolean) => learnFacts(repo, source, remote, options, trust, needsRefs);
  const { collectionRefs } = options;
  if (collectionRefs) {
    const known = collectionRefs.every(({ commit }) => commit !== undefined);
    const facts = await learn(!known && source.objects.type !== "local");
    return { ...(await resolveCollectionRefs(source, collectionRefs, facts.summary?.summary)), ...facts };
  }
  const asked = options.refs && options.refs.length > 0 ? options.refs : (remote?.branches ?? []);
  const all = asked.length === 0;
  if (all && !options.mirror && source.objects.type !== "local") {
    throw ostreeError("remote", `No configured branches for remote ${options.remote ?? source.name}`);
  }
  const items = asked.map(parseItem);
  const local = source.objects.type === "local";
  const named = items.some(({ ref, commit }) => ref !== undefined && commit === undefined);
  const facts = await learn((!local || options.mirror === true) && (all || named));
  const resolved = all ? resolveAll(source, facts.summary) : await resolveItems(source, items, facts.summary);
  return { ...(options.mirror ? mirrorCollections(resolved, facts.summary?.summary, all) : resolved), ...facts };
}

/** @param needsRefs the summary is wanted for its refs */
async function learnFacts(
  repo: Repo,
  source: PullSource,
  remote: Remote | undefined,
  options: PullOptions,
  trust: Trust,
  needsRefs: boolean,
): Promise<RemoteFacts> {
  const local = source.objects.type === "local";
  const wantsRefs = needsRefs || isTrustNeeded(trust);
  const deltas = usesDeltas(repo, local, options);
  // The config is small, the summary may not be (ostree_repo_pull_with_options: need_summary).
  const config = wantsRefs || !deltas ? undefined : await readConfig(source);
  const indexed = config?.getBoolean("core", "indexed-deltas") ?? false;
  const wantsDeltas = deltas && !indexed;
  const summary =
    wantsRefs || wantsDeltas ? await fetchSummary(source, trust, summaryStore(repo, remote, options)) : undefined;
  const metadata = summary?.summary.metadata;
  const flag = (key: string) => metadata?.get(key)?.value === true;
  const mode = metadata?.get(summaryKeys.mode);
  const known = config ?? (await checkRemoteMode(source, mode?.type === "s" ? String(mode.value) : undefined));
  return {
    summary,
    indexedDeltas: indexed || flag(summaryKeys.indexedDeltas) || (known?.getBoolean("core", "indexed-deltas") ?? false),
    tombstones:
      flag(summaryKeys.tombstones) || (localConfig(source, known)?.getBoolean("core", "tombstone-commits") ?? false),
  };
}

/** Local pulls copy objects, archives cannot use deltas, and a commit's metadata or a part of its tree is not worth one. */
export function usesDeltas(repo: Repo, local: boolean, options: PullOptions): boolean {
  if (repo.mode === "archive" || options.commitMetadataOnly || options.disableDeltas) return false;
  return options.requireDeltas === true || (!local && !options.subpaths?.length);
}

function readConfig(source: PullSource): Promise<Keyfile | undefined> {
  if (source.objects.type === "local") return Promise.resolve(Repo.open(source.objects.path).config);
  return checkRemoteMode(source, undefined);
}

function localConfig(source: PullSource, known: Keyfile | undefined): Keyfile | undefined {
  return known ?? (source.objects.type === "local" ? Repo.open(source.objects.path).config : undefined);
}

function summaryStore(repo: Repo, remote: Remote | undefined, options: PullOptions): SummaryStore | undefined {
  const cache = SummaryCache.of(repo, options.cacheDirectory);
  // A URL that is not the remote's own has summaries of its own.
  return cache && remote && options.url === undefined ? { cache, name: remote.name } : undefined;
}

interface Item {
  readonly ref?: string;
  readonly commit?: Checksum;
}

/** `REF`, `REF@CHECKSUM`, `CHECKSUM` */
function parseItem(text: string): Item {
  if (isChecksum(text)) return { commit: text };
  const at = text.lastIndexOf("@");
  const commit = at < 0 ? undefined : text.slice(at + 1);
  const ref = at < 0 ? text : text.slice(0, at);
  checkRefName(ref);
  if (commit === undefined) return { ref };
  if (!isChecksum(commit)) throw ostreeError("bad-checksum", `${commit} is not a checksum`);
  return { ref, commit };
}

function resolveAll(source: PullSource, summary: FetchedSummary | undefined): ResolvedRefs {
  if (source.objects.type === "local" && !summary) {
    const refs = Repo.open(source.objects.path).listRefs();
    for (const ref of refs.keys()) checkRefName(ref);
    return wantedOf(refs);
  }
  if (!summary) {
    throw ostreeError(
      "pull-failed",
      "Fetching all refs was requested in mirror mode, but remote repository does not have a summary",
    );
  }
  const refs = new Map([...summary.summary.refs].map(([ref, { commit }]) => [ref, commit]));
  for (const ref of refs.keys()) checkRefName(ref);
  return { ...wantedOf(refs), mirrorSummary: summary };
}

function wantedOf(refs: ReadonlyMap<string, Checksum>): ResolvedRefs {
  return { refs, commits: [...refs].map(([ref, commit]) => ({ ref, commit })) };
}

/** Of a ref that is named more than once the last one counts. */
async function resolveItems(
  source: PullSource,
  items: readonly Item[],
  summary: FetchedSummary | undefined,
): Promise<ResolvedRefs> {
  const refs = new Map<string, Checksum>();
  const commits: WantedCommit[] = [];
  for (const { ref, commit } of items) {
    if (ref === undefined) commits.push({ commit: commit! });
    else refs.set(ref, commit ?? (await lookUp(source, ref, summary)));
  }
  return { refs, commits: [...commits, ...[...refs].map(([ref, commit]) => ({ ref, commit }))] };
}

async function lookUp(source: PullSource, ref: string, summary: FetchedSummary | undefined): Promise<Checksum> {
  if (summary) {
    const found = summary.summary.refs.get(ref);
    if (found) return found.commit;
    throw ostreeError("no-such-remote-ref", `No such branch '${ref}' in repository summary`, {
      hint: `pulling from ${source.name}`,
    });
  }
  if (source.objects.type === "local") return Repo.open(source.objects.path).resolve(ref);
  const path = `refs/heads/${ref}`;
  const text = (await source.read(path, refFileLimit))?.toString("latin1").trimEnd();
  if (text === undefined) {
    throw ostreeError("no-such-remote-ref", `While fetching ${source.name}/${path}: Server returned HTTP 404`);
  }
  if (isChecksum(text)) return text;
  throw ostreeError("bad-checksum", `Fetching checksum for ref ((empty), ${ref}): Invalid rev ${shortened(text)}`);
}

/** A page of HTML is not printed whole (quash_string_for_error_message). */
function shortened(text: string): string {
  return text.slice(0, 64).replace(/[^ -~]/g, " ");
}
