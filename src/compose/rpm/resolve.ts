// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import {
  loadRepomd,
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
  const sources = rpmSources(treefile, progress);
  const set = await loadRepomd(sources, options.cacheDir, { offline: options.offline ?? false }, progress);
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

/** The repositories that a treefile names, of the .repo files beside it; those that are enabled where it names none. */
export function rpmSources(treefile: Treefile, progress: ProgressListener): RpmSource[] {
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
  return [...wanted, ...treefile.repoPackages.map(({ repo }) => repo)]
    .filter((id, at, all) => all.indexOf(id) === at)
    .map((id) => {
      const source = known.get(id);
      if (source) return source;
      throw composeError("treefile-value", `${treefile.path}: repos: no .repo file in ${repoDirectory} has [${id}]`);
    });
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
