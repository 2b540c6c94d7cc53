// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, type ProgressListener, silent, unlessErrno, WorkerPool } from "../base/index.ts";
import { type BindingCheck, checkBackRefs, checkBindings } from "./bindings.ts";
import { formatCollectionRef } from "./collections/collection-ref.ts";
import { listCollectionRefs } from "./collections/list-collection-refs.ts";
import { deleteObject, enableTombstones, markPartial } from "./delete-object.ts";
import { ostreeError } from "./errors.ts";
import type { Checksum, ObjectType, RepoMode } from "./model.ts";
import { parseRefSpec } from "./refs.ts";
import type { Repo } from "./repo.ts";
import { listCommits, Reachable, type ReachableType, reachableTypes } from "./traverse.ts";

export interface FsckOptions {
  /** Delete damaged objects, so that a pull fetches them again. */
  readonly delete?: boolean;
  /** Leave a tombstone for commits whose parent is gone. */
  readonly addTombstones?: boolean;
  /** Check that commits bound to refs are what those refs name. */
  readonly verifyBindings?: boolean;
  /** Check that the refs a commit is bound to name that commit. Implies `verifyBindings`. */
  readonly verifyBackRefs?: boolean;
  /** Told what is looked at now; `commits` is the number of those whose objects are verified. */
  readonly onPhase?: (phase: FsckPhase, commits?: number) => void;
}

export type FsckPhase = "refs" | "collections" | "commits" | "objects";

/** Something wrong with an object. */
export interface FsckFinding {
  readonly checksum: Checksum;
  readonly type: ObjectType;
  /** Why it is damaged; `undefined` when it is missing. */
  readonly problem: string | undefined;
}

export interface FsckResult {
  /** Commits whose objects were all looked for. */
  readonly commits: number;
  readonly objects: number;
  readonly partial: number;
  /** Partial commits that an earlier fsck marked so. */
  readonly fsckPartial: number;
  readonly tombstones: readonly Checksum[];
  readonly marked: readonly Checksum[];
  readonly findings: readonly (FsckFinding & { readonly commits: readonly Checksum[]; readonly deleted: boolean })[];
}

/** What each worker is told at its start. */
export interface FsckData {
  readonly objects: string;
  readonly mode: RepoMode;
}

/**
 * Checks a repository: every loose object against its checksum, every object that complete commits need for presence,
 * refs and bindings (ot-builtin-fsck.c). Unlike libostree's, also objects that no commit reaches are verified.
 */
export async function fsck(
  repo: Repo,
  options: FsckOptions = {},
  progress: ProgressListener = silent,
): Promise<FsckResult> {
  const { onPhase = () => {} } = options;
  checkRefs(repo, onPhase, options.verifyBindings || options.verifyBackRefs);
  onPhase("commits");
  const state = surveyCommits(repo, options);
  onPhase("objects", state.complete.length);
  const missing: FsckFinding[] = [];
  const verified = verifyAll(repo, progress);
  const reachable = reach(repo, state.complete);
  const { checked, findings } = await verified;
  for (const type of reachableTypes) {
    for (const checksum of reachable.objects[type]) {
      if (!repo.has(checksum, type)) missing.push({ checksum, type, problem: undefined });
    }
  }
  const all = withCommits(repo, [...missing, ...findings], state.complete);
  return { ...state.result, objects: checked, ...repair(repo, all, state.fsckMarked, options) };
}

function checkRefs(repo: Repo, onPhase: NonNullable<FsckOptions["onPhase"]>, bindings = false): void {
  onPhase("refs");
  for (const [name, commit] of repo.listRefs()) {
    checkRef(repo, name, commit, bindings ? { ref: parseRefSpec(name).ref } : undefined);
  }
  onPhase("collections");
  for (const { collection, ref, commit } of listCollectionRefs(repo, { remotes: false })) {
    const name = formatCollectionRef({ collection, ref });
    checkRef(repo, name, commit, bindings ? { ref, collectionId: collection } : undefined);
  }
}

/** fsck_commit_for_ref */
function checkRef(repo: Repo, name: string, commit: Checksum, bindings: BindingCheck | undefined): void {
  if (!repo.has(commit, "commit")) {
    throw ostreeError("corrupt", `Loading commit for ref ${name}: No such metadata object ${commit}.commit`);
  }
  const content = bindings ? unlessUnreadable(() => repo.loadCommit(commit)) : undefined;
  if (content && bindings) checkBindings(content, commit, bindings);
}

function surveyCommits(repo: Repo, options: FsckOptions) {
  const complete: Checksum[] = [];
  const tombstones: Checksum[] = [];
  const fsckMarked = new Set<Checksum>();
  const resolver = bindingResolver(repo);
  let partial = 0;
  for (const commit of listCommits(repo)) {
    if (repo.isPartial(commit)) {
      partial++;
      if (unlessErrno(["ENOENT"], () => readFileSync(repo.partialPath(commit), "utf8")) === "f") fsckMarked.add(commit);
    } else complete.push(commit);
    const content = unlessUnreadable(() => repo.loadCommit(commit));
    if (!content) continue;
    if (options.verifyBackRefs) checkBackRefs(content, commit, resolver);
    if (options.addTombstones && content.parent !== undefined && !repo.has(content.parent, "commit")) {
      tombstones.push(commit);
    }
  }
  const result = { commits: complete.length, partial, fsckPartial: fsckMarked.size, tombstones };
  return { complete, fsckMarked, result };
}

function bindingResolver(repo: Repo): (ref: string, collection: string | undefined) => Checksum | undefined {
  let collections: ReadonlyMap<string, Checksum> | undefined;
  return (ref, collection) => {
    if (collection === undefined) return repo.tryResolve(ref);
    collections ??= new Map(listCollectionRefs(repo).map((found) => [formatCollectionRef(found), found.commit]));
    return collections.get(formatCollectionRef({ collection, ref }));
  };
}

/** A damaged object is found and reported by its checksum; here it only must not end the survey. */
function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function reach(repo: Repo, commits: readonly Checksum[]): Reachable {
  const reachable = new Reachable(repo, { onUnreadable: () => {} });
  for (const commit of commits) unlessUnreadable(() => reachable.addCommit(commit, 0));
  return reachable;
}

async function verifyAll(repo: Repo, progress: ProgressListener) {
  const objects = join(repo.path, "objects");
  const prefixes = listDirectory(objects).filter((name) => /^[0-9a-f]{2}$/.test(name));
  using pool = new WorkerPool<string, { checked: number; findings: FsckFinding[] }>("ostree/fsck", {
    objects,
    mode: repo.mode,
  } satisfies FsckData);
  let [checked, done] = [0, 0];
  const findings: FsckFinding[] = [];
  await Promise.all(
    prefixes.map(async (prefix) => {
      const result = await pool.run(prefix);
      checked += result.checked;
      findings.push(...result.findings);
      progress({ type: "steps", task: "fsck", done: ++done, total: prefixes.length, unit: "directories" });
    }),
  );
  return { checked, findings };
}

/** Finds the commits that each bad object belongs to. It is done only when there is one: most often there is none. */
function withCommits(repo: Repo, findings: readonly FsckFinding[], commits: readonly Checksum[]) {
  const owners = new Map(findings.map((finding) => [finding, [] as Checksum[]]));
  if (findings.length > 0) {
    for (const commit of commits) {
      const reachable = reach(repo, [commit]);
      for (const [{ checksum, type }, list] of owners)
        if (reachable.has(checksum, type as ReachableType)) list.push(commit);
    }
  }
  return [...owners].map(([finding, list]) => ({ ...finding, commits: list }));
}

type Owned = FsckFinding & { readonly commits: readonly Checksum[] };

function repair(repo: Repo, findings: readonly Owned[], marked: Set<Checksum>, options: FsckOptions) {
  const newlyMarked: Checksum[] = [];
  const result = findings.map((finding) => {
    const deleted = finding.problem !== undefined && options.delete === true;
    if (deleted) deleteObject(repo, finding.checksum, finding.type);
    const gone = deleted || finding.problem === undefined;
    if (gone && finding.type !== "commit") {
      for (const commit of finding.commits) {
        if (marked.has(commit)) continue;
        marked.add(commit);
        newlyMarked.push(commit);
        markPartial(repo, commit, "fsck");
      }
    }
    return { ...finding, deleted };
  });
  if (options.addTombstones) addTombstones(repo);
  return { findings: result, marked: newlyMarked };
}

/** Commits whose parent is not there are deleted and leave a tombstone, as libostree does. */
function addTombstones(repo: Repo): void {
  for (const commit of listCommits(repo)) {
    const parent = unlessUnreadable(() => repo.loadCommit(commit))?.parent;
    if (parent === undefined || repo.has(parent, "commit")) continue;
    enableTombstones(repo);
    deleteObject(repo, commit, "commit");
  }
}
