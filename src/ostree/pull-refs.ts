// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "./errors.ts";
import { type FetchedSummary, fetchSummary } from "./fetch-summary.ts";
import type { KeyringPlaces } from "./gpg.ts";
import { type Checksum, isChecksum } from "./model.ts";
import type { WantedCommit } from "./pull-commits.ts";
import { checkRemoteMode, type PullSource } from "./pull-source.ts";
import type { PullOptions } from "./pull-options.ts";
import { parseRefSpec } from "./refs.ts";
import type { Remote } from "./remotes.ts";
import { Repo } from "./repo.ts";
import { summaryKeys } from "./summary-format.ts";

/** What a pull was asked for, by checksum. */
export interface ResolvedRefs {
  readonly commits: readonly WantedCommit[];
  /** Refs to set when all is there. */
  readonly refs: ReadonlyMap<string, Checksum>;
  /** The summary to keep, when all refs are mirrored. */
  readonly mirrorSummary?: FetchedSummary;
}

/** A ref file holds 64 digits; a server cannot make us read more. */
const refFileLimit = 1024;

/** Finds out which commits are wanted: from the summary where there is one, else from the ref files. */
export async function resolveRefs(
  repo: Repo,
  source: PullSource,
  remote: Remote | undefined,
  options: PullOptions,
): Promise<ResolvedRefs> {
  const asked = options.refs && options.refs.length > 0 ? options.refs : (remote?.branches ?? []);
  const all = asked.length === 0;
  if (all && !options.mirror && source.objects.type !== "local") {
    throw ostreeError("remote", `No configured branches for remote ${options.remote ?? source.name}`);
  }
  const items = asked.map(parseItem);
  const local = source.objects.type === "local";
  const needSummary = !local && (all || items.some(({ ref, commit }) => ref !== undefined && commit === undefined));
  const verify = summaryKeyrings(repo, remote, options);
  const summary = needSummary || verify ? await fetchSummary(source, verify) : undefined;
  const mode = summary?.summary.metadata.get(summaryKeys.mode);
  await checkRemoteMode(source, mode?.type === "s" ? String(mode.value) : undefined);
  if (all) return resolveAll(source, summary);
  return resolveItems(source, items, summary);
}

function summaryKeyrings(repo: Repo, remote: Remote | undefined, options: PullOptions): KeyringPlaces | undefined {
  const verify = options.gpgVerifySummary ?? (options.source ? false : (remote?.gpgVerifySummary ?? false));
  if (!verify) return undefined;
  if (options.remote === undefined)
    throw ostreeError("gpg-verify", "Must specify remote name to enable gpg verification");
  return { repo: repo.path, remote: options.remote, extra: remote?.gpgKeyPath ?? [] };
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
  if (source.objects.type === "local") return wantedOf(Repo.open(source.objects.path).listRefs());
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
