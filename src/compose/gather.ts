// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, writeFileAtomic } from "../base/index.ts";
import type { Checksum, Repo } from "../ostree/index.ts";
import type { DebPackage, PackageId, SourceInfo } from "../packages/index.ts";
import type { ComposeOptions } from "./model.ts";
import { inputHash } from "./input-hash.ts";
import { lockfileOf } from "./lockfile/index.ts";
import { type TreePackage, treePackage } from "./package.ts";
import { importPackages, openPackageRepo, readImported } from "./packages/cache.ts";
import { resolvePackages } from "./resolve.ts";

/** What a compose is made of. It holds nothing of the repositories' indices, which take more memory than all the rest. */
export interface Inputs {
  readonly ids: readonly PackageId[];
  readonly sources: readonly SourceInfo[];
  readonly hash: string;
  readonly previous: Checksum | undefined;
  readonly changed: boolean;
}

/** Chooses the packages and, where there is something to compose, imports them. */
export async function gather(
  options: ComposeOptions,
  progress: ProgressListener,
): Promise<Inputs & { readonly packages?: readonly TreePackage[] }> {
  const { treefile, repo } = options;
  const { solution, sources } = await resolvePackages(treefile, options, progress);
  if (options.writeLockfile !== undefined) {
    writeFileAtomic(options.writeLockfile, lockfileOf({ solution, sources }, Date.now() / 1000));
  }
  const chosen = solution.packages.map((one) => one.package);
  const hash = inputHash(treefile, chosen, options.executable);
  const previous = options.previous ?? repo.tryResolve(treefile.ref ?? "");
  const last = options.previousInputHash ?? (previous === undefined ? undefined : inputHashOf(repo, previous));
  const changed = options.force === true || last !== hash;
  const inputs = { ids: chosen.map(packageId), sources, hash, previous, changed };
  if (!changed || options.dryRun === true) return inputs;
  return { ...inputs, packages: await importAll(options, chosen, progress) };
}

function packageId({ name, version, architecture }: DebPackage): PackageId {
  return { name, version, architecture };
}

function inputHashOf(repo: Repo, commit: Checksum): string | undefined {
  const hash = repo.loadCommit(commit).metadata.get("atomic.inputhash")?.value;
  return typeof hash === "string" ? hash : undefined;
}

export function versionOf(repo: Repo, commit: Checksum): { version?: string } {
  const version = repo.loadCommit(commit).metadata.get("version")?.value;
  return typeof version === "string" ? { version } : {};
}

async function importAll(
  { cacheDir, offline = false }: ComposeOptions,
  chosen: readonly DebPackage[],
  progress: ProgressListener,
): Promise<TreePackage[]> {
  const packageRepo = openPackageRepo(cacheDir);
  const commits = await importPackages(packageRepo, chosen, { cacheDir, offline }, progress);
  return chosen.map((one, index) => {
    const commit = commits[index];
    if (commit === undefined) throw new Error(`${one} has no commit`);
    return treePackage(readImported(packageRepo, commit), one.name);
  });
}
