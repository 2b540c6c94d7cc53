// SPDX-License-Identifier: Apache-2.0
import { mirrorCollections, resolveCollectionRefs } from "./collections/pull-collection-refs.ts";
import { ostreeError } from "./errors.ts";
import { type FetchedSummary, fetchSummary } from "./fetch-summary.ts";
import { type Checksum, isChecksum } from "./model.ts";
import type { ResolvedRefs, WantedCommit } from "./resolved-refs.ts";
import { checkRemoteMode, type PullSource } from "./pull-source.ts";
import type { PullOptions } from "./pull-options.ts";
import { parseRefSpec } from "./refs.ts";
import type { Remote } from "./remotes.ts";
import { Repo } from "./repo.ts";
import { isTrustNeeded, type Trust } from "./sign/trust.ts";
import { summaryKeys } from "./summary-format.ts";

/** A ref file holds 64 digits; a server cannot make us read more. */
const refFileLimit = 1024;

/** Finds out which commits are wanted: from the summary where there is one, else from the ref files. */
export async function resolveRefs(
  source: PullSource,
  remote: Remote | undefined,
  options: PullOptions,
  trust: Trust,
): Promise<ResolvedRefs> {
  if (options.collectionRefs) {
    const known = options.collectionRefs.every(({ commit }) => commit !== undefined);
    const needed = isTrustNeeded(trust) || (source.objects.type !== "local" && !known);
    const fetched = needed ? await fetchSummary(source, trust) : undefined;
    return resolveCollectionRefs(source, options.collectionRefs, fetched?.summary);
  }
  const asked = options.refs && options.refs.length > 0 ? options.refs : (remote?.branches ?? []);
  const all = asked.length === 0;
  if (all && !options.mirror && source.objects.type !== "local") {
    throw ostreeError("remote", `No configured branches for remote ${options.remote ?? source.name}`);
  }
  const items = asked.map(parseItem);
  const local = source.objects.type === "local";
  const needSummary =
    (!local || options.mirror) && (all || items.some(({ ref, commit }) => ref !== undefined && commit === undefined));
  const summary = needSummary || isTrustNeeded(trust) ? await fetchSummary(source, trust) : undefined;
  const mode = summary?.summary.metadata.get(summaryKeys.mode);
  await checkRemoteMode(source, mode?.type === "s" ? String(mode.value) : undefined);
  const resolved = all ? resolveAll(source, summary) : await resolveItems(source, items, summary);
  return options.mirror ? mirrorCollections(resolved, summary?.summary, all) : resolved;
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
  parseRefSpec(ref);
  if (commit === undefined) return { ref };
  if (!isChecksum(commit)) throw ostreeError("bad-checksum", `${commit} is not a checksum`);
  return { ref, commit };
}

function resolveAll(source: PullSource, summary: FetchedSummary | undefined): ResolvedRefs {
  if (source.objects.type === "local" && !summary) return wantedOf(Repo.open(source.objects.path).listRefs());
  if (!summary) {
    throw ostreeError(
      "pull-failed",
      "Fetching all refs was requested in mirror mode, but remote repository does not have a summary",
    );
  }
  const refs = new Map([...summary.summary.refs].map(([ref, { commit }]) => [ref, commit]));
  for (const ref of refs.keys()) parseRefSpec(ref);
  return { ...wantedOf(refs), mirrorSummary: summary };
}

function wantedOf(refs: ReadonlyMap<string, Checksum>): ResolvedRefs {
  return { refs, commits: [...refs].map(([ref, commit]) => ({ ref: withoutRemote(ref), commit })) };
}

function withoutRemote(ref: string): string {
  return ref.slice(ref.indexOf(":") + 1);
}

async function resolveItems(
  source: PullSource,
  items: readonly Item[],
  summary: FetchedSummary | undefined,
): Promise<ResolvedRefs> {
  const refs = new Map<string, Checksum>();
  const commits: WantedCommit[] = [];
  for (const { ref, commit } of items) {
    if (ref === undefined) commits.push({ commit: commit! });
    else {
      const target = commit ?? (await lookUp(source, ref, summary));
      refs.set(ref, target);
      commits.push({ ref: withoutRemote(ref), commit: target });
    }
  }
  return { refs, commits };
}

async function lookUp(source: PullSource, ref: string, summary: FetchedSummary | undefined): Promise<Checksum> {
  if (summary) {
    const found = summary.summary.refs.get(ref);
    if (found) return found.commit;
    throw ostreeError("no-such-remote-ref", `No such branch '${ref}' in repository summary of ${source.name}`);
  }
  if (source.objects.type === "local") return Repo.open(source.objects.path).resolve(ref);
  const text = (await source.read(`refs/heads/${ref}`, refFileLimit))?.toString("latin1").trim();
  if (text === undefined) throw ostreeError("no-such-remote-ref", `${source.name} has no ref ${ref}`);
  if (!isChecksum(text)) throw ostreeError("bad-checksum", `${source.name}/refs/heads/${ref} holds no checksum`);
  return text;
}
