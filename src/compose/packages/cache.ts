// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import {
  makeDirectories,
  type ProgressListener,
  releaseFreeMemory,
  runHere,
  stage,
  syncFileSystem,
  type TaskRunner,
  WorkerPool,
} from "../../base/index.ts";
import { type Checksum, type DirNode, readTree, Repo, Transaction } from "../../ostree/index.ts";
import type { Variant } from "../../formats/index.ts";
import { useImports } from "./trim-imports.ts";
import { importBatch } from "./import-batch.ts";
import type { DebImportTask } from "./import.ts";
import type { RpmImportTask } from "../rpm/import.ts";

export type ImportTask = DebImportTask | RpmImportTask;

/** The imported packages: a repository of mode bare, whose objects are hardlinked into the trees that are assembled. */
export function openPackageRepo(cacheDir: string): Repo {
  makeDirectories(cacheDir);
  return Repo.init(join(cacheDir, "pkgrepo"), "bare");
}

/** How packages of one format are imported. */
export interface PackageImport<P> {
  /** Names the package's commit in the cache. */
  ref(one: P): string;
  /** Whether a commit is this very package, imported as it would be now. */
  isCurrent(one: P, metadata: ReadonlyMap<string, Variant>): boolean;
  download(packages: readonly P[], progress: ProgressListener): Promise<ReadonlyMap<P, string>>;
  /** What the worker is given. */
  task(one: P, path: string): ImportTask;
  readonly size: (one: P) => number;
}

/** Downloads the packages that are not imported. */
export async function downloadMissing<P>(
  repo: Repo,
  packages: readonly P[],
  how: PackageImport<P>,
  progress: ProgressListener,
): Promise<void> {
  await how.download(
    packages.filter((one) => importedCommit(repo, one, how) === undefined),
    progress,
  );
}

/** Downloads and imports what is not there yet. @returns the commit of each package, in the order given */
export async function importPackages<P extends { readonly name: string }>(
  repo: Repo,
  packages: readonly P[],
  how: PackageImport<P>,
  progress: ProgressListener,
): Promise<Checksum[]> {
  const commits = new Map<P, Checksum | undefined>(packages.map((one) => [one, importedCommit(repo, one, how)]));
  const missing = packages.filter((one) => commits.get(one) === undefined);
  if (missing.length > 0) {
    const paths = await how.download(missing, progress);
    const tasks = missing.map((one) => ({ one, task: how.task(one, paths.get(one) ?? "") }));
    await stage(
      progress,
      "compose.import",
      `Importing ${missing.length} packages`,
      () => importAll(repo, tasks, how, commits, progress),
      () => `${missing.length} packages, ${packages.length - missing.length} from the cache`,
    );
  }
  useImports(
    repo,
    packages.map((one) => how.ref(one)),
  );
  return packages.map((one) => {
    const commit = commits.get(one);
    if (commit === undefined) throw new Error(`${one.name} was not imported`);
    return commit;
  });
}

function importedCommit<P>(repo: Repo, one: P, how: PackageImport<P>): Checksum | undefined {
  const commit = repo.tryResolve(how.ref(one));
  if (commit === undefined || !repo.has(commit, "commit")) return undefined;
  return how.isCurrent(one, repo.loadCommit(commit).metadata) ? commit : undefined;
}

async function importAll<P extends { readonly name: string }>(
  repo: Repo,
  tasks: readonly PendingImport<P>[],
  how: PackageImport<P>,
  commits: Map<P, Checksum | undefined>,
  progress: ProgressListener,
): Promise<void> {
  // What the indices left behind would count beside the decoders' dictionaries.
  releaseFreeMemory();
  using pool = startPool(repo, tasks, how.size);
  let done = 0;
  const settled = await Promise.allSettled(
    batches(tasks, how.size, pool.size).map(async (batch) => {
      const imported = await pool.run(batch.map(({ task }) => task));
      for (const [at, { one }] of batch.entries()) commits.set(one, imported[at]);
      done += batch.length;
      const current = batch.at(-1)?.one.name ?? "";
      progress({ type: "steps", task: "compose.import", done, total: tasks.length, unit: "packages", current });
    }),
  );
  recordImports(
    repo,
    tasks.map(({ one }) => [how.ref(one), commits.get(one)]),
  );
  const failed = settled.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** So many bytes are imported before a thread has started. */
const smallImport = 1 << 20;

function startPool<P>(
  repo: Repo,
  tasks: readonly PendingImport<P>[],
  size: (one: P) => number,
): TaskRunner<ImportTask[], Checksum[]> {
  const bytes = tasks.reduce((sum, { one }) => sum + size(one) + packageCost, 0);
  return bytes > smallImport
    ? new WorkerPool<ImportTask[], Checksum[]>("compose/import", repo.path)
    : runHere((batch) => importBatch(batch, repo));
}

interface PendingImport<P> {
  readonly one: P;
  readonly task: ImportTask;
}

/** What a transaction costs, in bytes of a package. */
const packageCost = 64 << 10;
/** So many batches for each thread, so that none is left with much work alone at the end. */
const batchesPerThread = 8;

/** Small packages together, the largest first: each batch is one transaction. */
function batches<P>(
  tasks: readonly PendingImport<P>[],
  size: (one: P) => number,
  threads: number,
): PendingImport<P>[][] {
  const cost = ({ one }: PendingImport<P>) => size(one) + packageCost;
  const sorted = tasks.toSorted((a, b) => cost(b) - cost(a));
  const limit = sorted.reduce((sum, one) => sum + cost(one), 0) / (threads * batchesPerThread);
  const made: PendingImport<P>[][] = [];
  let room = 0;
  for (const one of sorted) {
    if (room < cost(one)) {
      made.push([]);
      room = limit;
    }
    made.at(-1)!.push(one);
    room -= cost(one);
  }
  return made;
}

/** A ref is the sign that a package is whole: it comes after the flush, so that no crash can leave it on less. */
function recordImports(repo: Repo, imported: readonly (readonly [ref: string, commit: Checksum | undefined])[]): void {
  syncFileSystem(repo.path);
  using transaction = Transaction.begin(repo, { fsync: false });
  for (const [ref, commit] of imported) if (commit !== undefined) transaction.setRef(ref, commit);
  transaction.commit();
}

/** An imported package: its control files and its files. */
export interface ImportedPackage {
  readonly control: DirNode;
  readonly data: DirNode;
}

export function readImported(repo: Repo, commit: Checksum): ImportedPackage {
  const { entries } = readTree(repo, commit);
  const [control, data] = [entries.get("control"), entries.get("data")];
  if (control?.kind !== "dir" || data?.kind !== "dir") throw new Error(`${commit} is no imported package`);
  return { control, data };
}
