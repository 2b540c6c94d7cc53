// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import {
  isErrno,
  onAbort,
  type ProgressListener,
  silent,
  unlessAborted,
  untilAborted,
  writeFileAtomic,
} from "../base/index.ts";
import { collectionRefSpec } from "./collections/collection-ref.ts";
import { clearPartial } from "./delete-object.ts";
import type { DeltaPlan } from "./delta/pull-delta.ts";
import { ostreeError } from "./errors.ts";
import { type FetchedSummary, fetchSummary } from "./fetch-summary.ts";
import type { Checksum, RepoMode } from "./model.ts";
import { CommitPull } from "./pull-commits.ts";
import { type Pull, refspecOf } from "./pull-context.ts";
import { applyPlans, dryRunStats, expectBytes, planDeltas, requestsOf } from "./pull-deltas.ts";
import type { PullOptions, PullStats } from "./pull-options.ts";
import { missingSizes } from "./pull-cost.ts";
import { PullProgress } from "./pull-progress.ts";
import { ObjectPull } from "./pull-objects.ts";
import { resolveRefs } from "./pull-refs.ts";
import { openSource, type PullSource } from "./pull-source.ts";
import type { ResolvedRefs, WantedCommit } from "./resolved-refs.ts";
import { SummaryCache } from "./remote/summary-cache.ts";
import { findRemote, type Remote, tryFindRemote } from "./remotes.ts";
import { Repo } from "./repo.ts";
import { commitTrust, summaryTrust } from "./sign/trust.ts";
import { IncomingStore } from "./store-fetched.ts";
import { updateSummaryIfAutomatic } from "./summary.ts";
import { Transaction } from "./transaction.ts";

/**
 * Brings commits from another repository. Every object is verified before it gets its name, refs are set when all is
 * there, and what was fetched before an interruption is not fetched again (ostree_repo_pull_with_options).
 */
export async function pull(repo: Repo, options: PullOptions, progress: ProgressListener = silent): Promise<PullStats> {
  const remote = options.remote === undefined ? undefined : findRemoteFor(repo, options.remote, options);
  if (remote) checkSupported(remote);
  if (options.requireDeltas && repo.mode === "archive") {
    throw ostreeError("pull-failed", "Can't use static deltas in an archive repo");
  }
  using told = new PullProgress(progress, options.updateFrequency ?? 1000);
  using source = await openSource(repo, remote, options, told.received);
  const began = performance.now();
  progress({ type: "start", task: "pull", text: `Pulling from ${source.name}` });
  const trust = pullTrust(repo, options);
  const resolved = await unlessAborted(options.signal, resolveRefs(repo, source, remote, options, trust.summary));
  const transaction = Transaction.begin(repo, {
    resume: true,
    ...(options.fsync === undefined ? {} : { fsync: options.fsync }),
    ...(options.perObjectFsync === undefined ? {} : { perObjectFsync: options.perObjectFsync }),
  });
  try {
    const stats = await bring({
      repo,
      source,
      remote,
      options,
      resolved,
      trust,
      transaction,
      progress: told,
    });
    const seconds = (performance.now() - began) / 1000;
    told.tell();
    progress({ type: "end", task: "pull", text: summaryLine(stats), seconds });
    return { ...stats, seconds };
  } catch (error) {
    // A full disk is no place to keep half of a pull.
    if (isErrno(error, "ENOSPC", "EDQUOT") || ostreeError.is(error, "no-space")) transaction.drop();
    throw error;
  } finally {
    transaction.abort();
  }
}

function summaryLine(stats: Omit<PullStats, "seconds">): string {
  const { fetchedMetadata, fetchedContent, importedMetadata, importedContent } = stats;
  return `${fetchedMetadata + importedMetadata} metadata, ${fetchedContent + importedContent} content objects`;
}

/** With a URL or a local source, a remote that is only a name for the refs need not be configured. */
function findRemoteFor(repo: Repo, name: string, options: PullOptions): Remote | undefined {
  return options.source || options.url !== undefined ? tryFindRemote(repo, name) : findRemote(repo, name);
}

function checkSupported(remote: Remote): void {
  const state = remote.option("unconfigured-state");
  if (state !== undefined) throw ostreeError("remote", `remote unconfigured-state: ${state}`);
  const backend = remote.option("custom-backend");
  if (backend !== undefined && backend !== "") {
    throw ostreeError(
      "unsupported",
      `Cannot fetch via libostree - remote '${remote.name}' uses custom backend '${backend}'`,
    );
  }
}

/** What commits and the summary must be signed by, unless the caller does without. A local source is trusted by default. */
function pullTrust(repo: Repo, options: PullOptions): Pull["trust"] {
  const local = options.source === undefined ? undefined : false;
  const [gpg, gpgSummary] = [options.gpgVerify ?? local, options.gpgVerifySummary ?? local];
  const sign = options.signVerify ?? local;
  if (options.remote !== undefined) {
    return {
      commits: commitTrust(repo, options.remote, { gpg, sign }),
      summary: summaryTrust(repo, options.remote, { gpg: gpgSummary, sign }),
    };
  }
  if (gpg || gpgSummary) throw ostreeError("gpg-verify", "Must specify remote name to enable gpg verification");
  return { commits: {}, summary: {} };
}

async function bring(pull: Pull): Promise<Omit<PullStats, "seconds">> {
  const { repo, source, resolved, options, transaction } = pull;
  const incoming = new IncomingStore(transaction.store, `incoming-${process.pid}-main`);
  const plans = await unlessAborted(options.signal, planDeltas(pull, incoming));
  if (options.dryRun) return dryRunStats(pull, plans);
  const commits = commitPull(pull, incoming);
  await using objects = objectPull(pull);
  using _stop = onAbort(options.signal, (reason) => objects.stop(reason));
  const pulled: Checksum[] = [];
  const missing: (number | undefined)[] = [];
  const counted = new Set<Checksum>();
  let [fetched, cached] = [0, 0];
  for (const wanted of resolved.commits) {
    const plan = plans.get(wanted.commit);
    if (plan === "unchanged") continue;
    const depth = options.depth ?? 0;
    const found = untilAborted(options.signal, commits.pull(withPlan(pull, wanted, plan), depth));
    for await (const { checksum, commit, scan, from } of found) {
      pulled.push(checksum);
      if (from === "cache") cached++;
      else if (from && !(plan && checksum === plan.to)) fetched++;
      if (!scan || options.commitMetadataOnly) continue;
      if (plan && checksum === plan.to) objects.addObjects(plan.fallbacks);
      else {
        missing.push(missingSizes(transaction.store, commit, `commit ${checksum}`, counted)?.bytes);
        objects.add(commit.tree, commit.meta);
      }
    }
  }
  expectBytes(pull, plans, missing);
  const overhead = source.transferred;
  await objects.run();
  const applied = await applyPlans(plans);
  publish(repo, transaction, resolved, options);
  if (!options.commitMetadataOnly && !options.subpaths?.length) for (const commit of pulled) clearPartial(repo, commit);
  if (resolved.refs.size > 0 || resolved.collectionRefs) await updateSummaryIfAutomatic(repo);
  // A pull that insists on deltas takes a repository of this machine for a remote one.
  const local = source.objects.type === "local" && !options.requireDeltas;
  const { counts } = objects;
  return {
    refs: resolved.refs,
    commits: pulled,
    local,
    deltaParts: applied.parts,
    fetchedMetadata: counts.fetchedMetadata + (local ? 0 : fetched) + requestsOf(plans),
    fetchedContent: counts.fetchedContent,
    importedMetadata: counts.importedMetadata + cached + (local ? fetched : 0),
    importedContent: counts.importedContent,
    transferred: counts.transferred + source.transferred,
    payload: counts.transferred + source.transferred - overhead,
    contentWritten: counts.written,
    deltaContentWritten: applied.written,
  };
}

function commitPull({ repo, source, remote, options, resolved, trust }: Pull, incoming: IncomingStore): CommitPull {
  return new CommitPull(repo, source, incoming, {
    trust: trust.commits,
    verifyBindings: options.verifyBindings ?? true,
    trusted: source.objects.type === "local" && !options.untrusted,
    tombstones: resolved.tombstones,
    caches: options.localCaches ?? [],
    collectionId: collectionOf(source, remote),
    ...(options.onSignatures ? { onSignatures: options.onSignatures } : {}),
  });
}

function objectPull({ source, options, transaction, progress }: Pull): ObjectPull {
  const data = {
    store: transaction.store,
    source: source.objects,
    caches: (options.localCaches ?? []).map(({ path, mode }) => ({ path, mode })),
    parents: parentsOf(transaction.repo),
    trusted: !options.untrusted,
    userOnlyFiles: options.bareUserOnlyFiles ?? false,
    unverified: (options.httpTrusted && options.mirror && !options.untrusted && !options.bareUserOnlyFiles) ?? false,
  };
  return new ObjectPull(data, options.subpaths ?? [], progress);
}

function parentsOf({ parent }: Repo): { path: string; mode: RepoMode }[] {
  return parent ? [{ path: parent.path, mode: parent.mode }, ...parentsOf(parent)] : [];
}

/** A repository on this machine tells its collection itself (get_remote_repo_collection_id). */
function collectionOf(source: PullSource, remote: Remote | undefined): string | undefined {
  if (source.objects.type !== "local") return remote?.collectionId;
  return Repo.open(source.objects.path).collectionId;
}

/** The commit with what it must not be older than, and what a delta brought of it. */
function withPlan({ repo, options }: Pull, wanted: WantedCommit, plan: DeltaPlan | undefined): WantedCommit {
  const older: Checksum[] = [];
  if (options.timestampCheck && wanted.ref !== undefined) {
    const current = repo.tryResolve(refspecOf(wanted.ref, options));
    if (current !== undefined && repo.has(current, "commit")) older.push(current);
  }
  if (options.timestampCheckFrom !== undefined) older.push(repo.resolve(options.timestampCheckFrom));
  const brought = plan && { commit: plan.commit, detached: plan.detached };
  return { ...wanted, notOlderThan: older, ...(brought ? { brought } : {}) };
}

function publish(repo: Repo, transaction: Transaction, resolved: ResolvedRefs, options: PullOptions): void {
  const present = repo.listRefs();
  for (const [ref, commit] of resolved.refs) {
    const target = refspecOf(ref, options);
    if (present.get(target) !== commit) transaction.setRef(target, commit);
  }
  for (const { collection, ref, commit } of resolved.collectionRefs ?? []) {
    const remote = options.remote === undefined ? { ref } : { remote: options.remote, ref };
    transaction.setRef(options.mirror ? collectionRefSpec(repo, { collection, ref }) : remote, commit);
  }
  transaction.commit();
  if (resolved.mirrorSummary) writeSummary(repo, resolved.mirrorSummary);
}

/** A mirror hands on the summary that it was made by, signature included. */
function writeSummary(repo: Repo, { bytes, signatures }: FetchedSummary): void {
  const durable = repo.settings.fsync;
  writeFileAtomic(join(repo.path, "summary"), bytes, { durable });
  if (signatures) writeFileAtomic(join(repo.path, "summary.sig"), signatures, { durable });
}

/** The summary of a remote, verified as its configuration says. Throws when the remote has none. */
export async function fetchRemoteSummary(
  repo: Repo,
  name: string,
  options: Pick<PullOptions, "cacheDirectory"> = {},
): Promise<FetchedSummary> {
  const remote = findRemote(repo, name);
  using source = await openSource(repo, remote, {});
  const cache = SummaryCache.of(repo, options.cacheDirectory);
  const fetched = await fetchSummary(source, summaryTrust(repo, name), cache && { cache, name });
  if (!fetched) throw ostreeError("remote", "Remote server has no summary file");
  return fetched;
}
