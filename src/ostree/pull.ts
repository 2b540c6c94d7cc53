// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno, type ProgressListener, silent, writeFileAtomic } from "../base/index.ts";
import { collectionRefSpec } from "./collections/collection-ref.ts";
import { clearPartial } from "./delete-object.ts";
import { ostreeError } from "./errors.ts";
import { type FetchedSummary, fetchSummary } from "./fetch-summary.ts";
import type { ClientOptions } from "./http-client.ts";
import type { Checksum } from "./model.ts";
import { CommitPull } from "./pull-commits.ts";
import type { PullOptions, PullStats } from "./pull-options.ts";
import { ObjectPull } from "./pull-objects.ts";
import { resolveRefs } from "./pull-refs.ts";
import type { ResolvedRefs, WantedCommit } from "./resolved-refs.ts";
import { connectionLimit, httpSource, localSource, type PullSource } from "./pull-source.ts";
import { findRemote, type Remote, remoteUrl, tryFindRemote } from "./remotes.ts";
import { Repo } from "./repo.ts";
import { commitTrust, summaryTrust, type Trust } from "./sign/trust.ts";
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
  using source = openSource(remote, options);
  const began = performance.now();
  progress({ type: "start", task: "pull", text: `Pulling from ${source.name}` });
  const trust = pullTrust(repo, options);
  const resolved = await resolveRefs(source, remote, options, trust.summary);
  const transaction = Transaction.begin(repo, {
    resume: true,
    ...(options.fsync === undefined ? {} : { fsync: options.fsync }),
  });
  try {
    const stats = await bring(repo, source, remote, resolved, options, trust.commits, transaction, progress);
    const seconds = (performance.now() - began) / 1000;
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
  const backend = remote.option("custom-backend");
  if (backend !== undefined && backend !== "") {
    throw ostreeError(
      "unsupported",
      `Cannot fetch via libostree - remote '${remote.name}' uses custom backend '${backend}'`,
    );
  }
  const state = remote.option("unconfigured-state");
  if (state !== undefined) throw ostreeError("remote", `remote unconfigured-state: ${state}`);
  if (remote.option("proxy") !== undefined) {
    throw ostreeError("unsupported", `remote "${remote.name}" uses a proxy, which is not supported`);
  }
}

function openSource(remote: Remote | undefined, options: PullOptions): PullSource {
  if (options.source) return localSource(options.source);
  const url = options.url ?? (remote && remoteUrl(remote));
  if (url === undefined) throw new Error("a pull needs a remote, a URL or a source");
  if (url.startsWith("file://")) return localSource(Repo.open(decodeURIComponent(new URL(url).pathname)));
  const contentUrl = options.url === undefined ? remote?.contentUrl : undefined;
  return httpSource(clientOptions(url, remote, options), contentUrl);
}

function clientOptions(url: string, remote: Remote | undefined, options: PullOptions): ClientOptions {
  const { ca, cert, key, permissive } = remote?.tls ?? {};
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path, "utf8"));
  const tls = { ca: read(ca), cert: read(cert), key: read(key), permissive };
  return {
    url,
    connections: connectionLimit,
    tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
    ...(options.httpHeaders ? { headers: options.httpHeaders } : {}),
    ...(options.retries === undefined ? {} : { retries: options.retries }),
    ...(options.idleSeconds === undefined ? {} : { idleSeconds: options.idleSeconds }),
  };
}

/** What commits and the summary must be signed by, unless the caller does without. A local source is trusted by default. */
function pullTrust(repo: Repo, options: PullOptions): { readonly commits: Trust; readonly summary: Trust } {
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

async function bring(
  repo: Repo,
  source: PullSource,
  remote: Remote | undefined,
  resolved: ResolvedRefs,
  options: PullOptions,
  trust: Trust,
  transaction: Transaction,
  progress: ProgressListener,
): Promise<Omit<PullStats, "seconds">> {
  const incoming = new IncomingStore(transaction.store, `incoming-${process.pid}-main`);
  const commits = new CommitPull(repo, source, incoming, {
    trust,
    verifyBindings: options.verifyBindings ?? true,
    collectionId: sourceCollection(source, remote),
    ...(options.onSignatures ? { onSignatures: options.onSignatures } : {}),
  });
  using objects = new ObjectPull(
    {
      store: transaction.store,
      source: source.objects,
      caches: (options.localCaches ?? []).map(({ path, mode }) => ({ path, mode })),
      trusted: !options.untrusted,
      userOnlyFiles: options.bareUserOnlyFiles ?? false,
    },
    options.subpaths ?? [],
    progress,
  );
  const pulled: Checksum[] = [];
  let fetched = 0;
  for (const wanted of resolved.commits) {
    for await (const { checksum, commit, scan, isNew } of commits.pull(
      withTimestamps(repo, wanted, options),
      options.depth ?? 0,
    )) {
      pulled.push(checksum);
      if (isNew) fetched++;
      if (scan && !options.commitMetadataOnly) objects.add(commit.tree, commit.meta);
    }
  }
  await objects.run();
  publish(repo, transaction, resolved, options);
  if (!options.commitMetadataOnly && !options.subpaths?.length) for (const commit of pulled) clearPartial(repo, commit);
  if (resolved.refs.size > 0 || resolved.collectionRefs) await updateSummaryIfAutomatic(repo);
  const local = source.objects.type === "local";
  const { counts } = objects;
  return {
    refs: resolved.refs,
    commits: pulled,
    local,
    fetchedMetadata: counts.fetchedMetadata + (local ? 0 : fetched),
    fetchedContent: counts.fetchedContent,
    importedMetadata: counts.importedMetadata + (local ? fetched : 0),
    importedContent: counts.importedContent,
    transferred: counts.transferred + source.transferred,
    contentWritten: counts.written,
  };
}

/** A repository of this machine says itself what collection it is of (get_remote_repo_collection_id). */
function sourceCollection(source: PullSource, remote: Remote | undefined): string | undefined {
  const { objects } = source;
  return objects.type === "local" ? Repo.open(objects.path).collectionId : remote?.collectionId;
}

function withTimestamps(repo: Repo, wanted: WantedCommit, options: PullOptions): WantedCommit {
  const older: Checksum[] = [];
  if (options.timestampCheck && wanted.ref !== undefined) {
    const current = repo.tryResolve(options.remote === undefined ? wanted.ref : `${options.remote}:${wanted.ref}`);
    if (current !== undefined && repo.has(current, "commit")) older.push(current);
  }
  if (options.timestampCheckFrom !== undefined) older.push(repo.resolve(options.timestampCheckFrom));
  return { ...wanted, notOlderThan: older };
}

function publish(repo: Repo, transaction: Transaction, resolved: ResolvedRefs, options: PullOptions): void {
  for (const [ref, commit] of resolved.refs) {
    const target = options.mirror || options.remote === undefined ? ref : `${options.remote}:${ref}`;
    if (repo.listRefs().get(target) !== commit) transaction.setRef(target, commit);
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
export async function fetchRemoteSummary(repo: Repo, name: string): Promise<FetchedSummary> {
  const remote = findRemote(repo, name);
  checkSupported(remote);
  using source = openSource(remote, {});
  const fetched = await fetchSummary(source, summaryTrust(repo, name));
  if (!fetched) throw ostreeError("remote", "Remote server has no summary file");
  return fetched;
}
