// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import {
  loadRepomd,
  missingRpmLocks,
  type PackageLocks,
  readRepoFiles,
  repoVariables,
  resolveRpms,
  type RpmPackageSet,
  type RpmSolution,
  type RpmSource,
} from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import { encodeLockfile } from "../lockfile/codec.ts";
import type { Treefile } from "../treefile/model.ts";

export interface RpmResolution {
  readonly solution: RpmSolution;
  readonly set: RpmPackageSet;
}

/** Chooses the RPM packages of a treefile from its repositories as they are now. */
export async function resolveRpmTreefile(
  treefile: Treefile,
  options: { readonly cacheDir: string; readonly offline?: boolean; readonly locks?: PackageLocks },
  progress: ProgressListener,
): Promise<RpmResolution> {
  const sources = rpmSources(treefile, progress, options.locks);
  const modules = {
    enabled: treefile.modules?.enable ?? [],
    arch: treefile.basearch,
    ...(treefile.platformModule !== undefined && { platform: treefile.platformModule }),
  };
  const set = await loadRepomd(sources, options.cacheDir, { offline: options.offline ?? false, modules }, progress);
  for (const text of options.locks ? missingRpmLocks(set, options.locks) : []) progress({ type: "warning", text });
  const solution = await resolveRpms(set, {
    install: treefile.packages,
    fromRepository: treefile.repoPackages.map(({ repo, packages }) => ({ repository: repo, install: packages })),
    exclude: treefile.excludePackages,
    recommends: treefile.recommends,
    architecture: treefile.basearch,
    ...(options.locks && { locks: options.locks }),
  });
  return { solution, set };
}

/**
 * The repositories that a treefile names, of the .repo files beside it; those that are enabled where it names none. With
 * locks those of `lockfile-repos` come too, each with nothing but the locked packages (rpm-ostree
 * rpmostree-core.cxx, `rpmostree_context_prepare`).
 */
export function rpmSources(treefile: Treefile, progress: ProgressListener, locks?: PackageLocks): RpmSource[] {
  const { basearch, releasever, repovars, repoDirectory, repos } = treefile;
  const variables = repoVariables({ arch: basearch, ...(releasever !== undefined && { releasever }) });
  const { sources, warnings } = readRepoFiles(repoDirectory, new Map([...variables, ...repovars]));
  for (const text of warnings) progress({ type: "warning", text });
  const known = new Map(sources.map((source) => [source.id, source]));
  const wanted = repos ?? sources.filter(({ enabled = true }) => enabled).map(({ id }) => id);
  if (wanted.length === 0) {
    throw composeError("treefile-incomplete", `${treefile.path}: no repository in ${repoDirectory}`, {
      hint: "write a .repo file beside the treefile, and its id into  repos: [ID]",
    });
  }
  const locked = locks === undefined || locks.packages.size === 0 ? [] : treefile.lockfileRepos;
  const named = new Set([...wanted, ...treefile.repoPackages.map(({ repo }) => repo), ...locked]);
  return [...named].map((id) => {
    const source = known.get(id);
    if (source) return locks && locked.includes(id) ? { ...source, includes: lockedPatterns(locks) } : source;
    throw composeError("treefile-value", `${treefile.path}: repos: no .repo file in ${repoDirectory} has [${id}]`);
  });
}

function lockedPatterns({ packages }: PackageLocks): string[] {
  return [...packages].map(([name, { version, architecture = "*" }]) => `${name}-${version}.${architecture}`);
}

/** @param now seconds since 1970 */
export function rpmLockfile({ solution, set }: RpmResolution, now: number): string {
  const packages = solution.install.map(({ package: one }) => ({
    name: one.name,
    version: one.version,
    architecture: one.architecture,
    digest: `${one.checksum.type}:${one.checksum.hex}`,
    source: one.text("sourceRpm").replace(/-[^-]+-[^-]+$/, ""),
  }));
  const repositories = new Map(set.repositories.map(({ info }) => [info.id, info.timestamp]));
  return encodeLockfile(packages, { format: "rpm", now: Math.floor(now), repositories });
}
