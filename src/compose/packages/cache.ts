// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import {
  makeDirectories,
  type ProgressListener,
  releaseFreeMemory,
  stage,
  syncFileSystem,
  WorkerPool,
} from "../../base/index.ts";
import { type Checksum, type DirNode, readTree, Repo, Transaction } from "../../ostree/index.ts";
import { type DebPackage, downloadPackages } from "../../packages/index.ts";
import { packageRef } from "./escape.ts";
import { importVersion, type ImportTask } from "./import.ts";

/** The imported packages: a repository of mode bare, whose objects are hardlinked into the trees that are assembled. */
export function openPackageRepo(cacheDir: string): Repo {
  makeDirectories(cacheDir);
  return Repo.init(join(cacheDir, "pkgrepo"), "bare");
}

/** Downloads and imports what is not there yet. @returns the commit of each package, in the order given */
export async function importPackages(
  repo: Repo,
  packages: readonly DebPackage[],
  options: { readonly cacheDir: string; readonly offline: boolean },
  progress: ProgressListener,
): Promise<Checksum[]> {
  const commits = new Map<DebPackage, Checksum | undefined>(packages.map((one) => [one, importedCommit(repo, one)]));
  const missing = packages.filter((one) => commits.get(one) === undefined);
  if (missing.length > 0) {
    const paths = await downloadPackages(missing, options.cacheDir, progress, { offline: options.offline });
    const tasks = missing.map((one) => ({ one, task: { path: paths.get(one) ?? "", sha256: one.sha256 } }));
    await stage(
      progress,
      "compose.import",
      `Importing ${missing.length} packages`,
      () => importAll(repo, tasks, commits, progress),
      () => `${missing.length} packages, ${packages.length - missing.length} from the cache`,
    );
  }
  return packages.map((one) => {
    const commit = commits.get(one);
    if (commit === undefined) throw new Error(`${one} was not imported`);
    return commit;
  });
}

function importedCommit(repo: Repo, one: DebPackage): Checksum | undefined {
  const commit = repo.tryResolve(packageRef(one));
  if (commit === undefined || !repo.has(commit, "commit")) return undefined;
  const { metadata } = repo.loadCommit(commit);
  const same =
    metadata.get("atomic.deb.sha256")?.value === one.sha256 &&
    metadata.get("atomic.deb.import-version")?.value === importVersion;
  return same ? commit : undefined;
}

async function importAll(
  repo: Repo,
  tasks: readonly { one: DebPackage; task: ImportTask }[],
  commits: Map<DebPackage, Checksum | undefined>,
  progress: ProgressListener,
): Promise<void> {
  // What the indices left behind would count beside the decoders' dictionaries.
  releaseFreeMemory();
  using pool = new WorkerPool<ImportTask, Checksum>("compose/import", repo.path);
  // The largest first, so that no thread is left with it alone at the end.
  const sorted = tasks.toSorted((a, b) => b.one.size - a.one.size);
  let done = 0;
  const settled = await Promise.allSettled(
    sorted.map(async ({ one, task }) => {
      commits.set(one, await pool.run(task));
      const current = one.name;
      progress({ type: "steps", task: "compose.import", done: ++done, total: tasks.length, unit: "packages", current });
    }),
  );
  recordImports(
    repo,
    tasks.map(({ one }) => one),
    commits,
  );
  const failed = settled.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** A ref is the sign that a package is whole: it comes after the flush, so that no crash can leave it on less. */
function recordImports(
  repo: Repo,
  packages: readonly DebPackage[],
  commits: ReadonlyMap<DebPackage, Checksum | undefined>,
): void {
  syncFileSystem(repo.path);
  using transaction = Transaction.begin(repo, { fsync: false });
  for (const one of packages) {
    const commit = commits.get(one);
    if (commit !== undefined) transaction.setRef(packageRef(one), commit);
  }
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
