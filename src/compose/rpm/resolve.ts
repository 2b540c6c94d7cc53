// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ProgressListener, readTextIfExists } from "../../base/index.ts";
import {
  loadRepomd,
  missingRpmLocks,
  type PackageLocks,
  readRepoFiles,
  type RepoFile,
  repoVariables,
  resolveRpms,
  profilePackages,
  type RpmPackageSet,
  type RpmSolution,
  type RpmSource,
  streamsOf,
} from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import { encodeLockfile } from "../lockfile/codec.ts";
import type { Treefile } from "../treefile/model.ts";

export interface RpmResolution {
  readonly solution: RpmSolution;
  readonly set: RpmPackageSet;
}

export interface ResolveRpmOptions {
  readonly cacheDir: string;
  readonly offline?: boolean;
  readonly locks?: PackageLocks;
  /** A root whose .repo files, variables and release number are used instead of what lies beside the treefile. */
  readonly sourceRoot?: string;
}

/** Chooses the RPM packages of a treefile from its repositories as they are now. */
export async function resolveRpmTreefile(
  treefile: Treefile,
  options: ResolveRpmOptions,
  progress: ProgressListener,
): Promise<RpmResolution> {
  const set = await loadRpms(treefile, options, progress);
  const solution = await resolveRpms(set, {
    install: [...treefile.packages, ...profilePackages(set, treefile.modules?.install ?? [])],
    fromRepository: treefile.repoPackages.map(({ repo, packages }) => ({ repository: repo, install: packages })),
    exclude: treefile.excludePackages,
    recommends: treefile.recommends,
    architecture: treefile.basearch,
    ...(options.locks && { locks: options.locks }),
  });
  return { solution, set };
}

/** Loads the packages of a treefile's repositories. */
export async function loadRpms(
  treefile: Treefile,
  options: ResolveRpmOptions,
  progress: ProgressListener,
): Promise<RpmPackageSet> {
  const sources = rpmSources(treefile, progress, options);
  const modules = {
    enabled: [...(treefile.modules?.enable ?? []), ...streamsOf(treefile.modules?.install ?? [])],
    arch: treefile.basearch,
    ...(treefile.platformModule !== undefined && { platform: treefile.platformModule }),
  };
  const set = await loadRepomd(sources, options.cacheDir, { offline: options.offline ?? false, modules }, progress);
  for (const text of options.locks ? missingRpmLocks(set, options.locks) : []) progress({ type: "warning", text });
  return set;
}

/**
 * The repositories that a treefile names, of the .repo files beside it; those that are enabled where it names none. With
 * locks those of `lockfile-repos` come too, each with nothing but the locked packages (rpm-ostree
 * rpmostree-core.cxx, `rpmostree_context_prepare`).
 */
export function rpmSources(
  treefile: Treefile,
  progress: ProgressListener,
  { locks, sourceRoot }: Pick<ResolveRpmOptions, "locks" | "sourceRoot"> = {},
): RpmSource[] {
  const { repos } = treefile;
  const repoDirectory = sourceRoot === undefined ? treefile.repoDirectory : join(sourceRoot, "etc/yum.repos.d");
  const { sources, warnings } = readSources(treefile, repoDirectory, sourceRoot);
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

function readSources({ basearch, repovars, ...treefile }: Treefile, repoDirectory: string, sourceRoot?: string) {
  const releasever = treefile.releasever ?? (sourceRoot === undefined ? undefined : releaseOf(sourceRoot));
  const variables = repoVariables({
    arch: basearch,
    ...(releasever !== undefined && { releasever }),
    ...(sourceRoot !== undefined && { directories: [join(sourceRoot, "etc/dnf/vars")] }),
  });
  const file = readRepoFiles(repoDirectory, new Map([...variables, ...repovars]));
  if (sourceRoot === undefined) return file;
  return { ...file, sources: file.sources.map((source) => withKeysOf(source, sourceRoot)) };
}

/** The repositories of a root, with its variables, keys and release number, as its own dnf has them. */
export function rootRpmSources(
  root: string,
  { basearch, releasever = releaseOf(root) }: { readonly basearch: string; readonly releasever?: string | undefined },
): RepoFile {
  const variables = repoVariables({
    arch: basearch,
    directories: [join(root, "etc/dnf/vars"), join(root, "etc/yum/vars")],
    ...(releasever !== undefined && { releasever }),
  });
  const file = readRepoFiles(join(root, "etc/yum.repos.d"), variables);
  return { ...file, sources: file.sources.map((source) => withKeysOf(source, root)) };
}

/** VERSION_ID of os-release(5) (libdnf: `dnf_context_set_os_release`). */
function releaseOf(root: string): string | undefined {
  const texts = ["etc/os-release", "usr/lib/os-release"].map((name) => readTextIfExists(join(root, name)));
  return /^VERSION_ID=(["']?)(.*)\1$/m.exec(texts.find((text) => text !== undefined) ?? "")?.[2];
}

/** A key that the root has is that one, not the composing machine's (rpm-ostree's compose.rs `mutate_one_dnf_repo`). */
function withKeysOf(source: RpmSource, root: string): RpmSource {
  const keys = source.gpgKeys?.map((key) => {
    const path = /^(?:file:\/\/)?(\/.*)$/.exec(key)?.[1];
    return path !== undefined && existsSync(join(root, path)) ? join(root, path) : key;
  });
  return keys === undefined ? source : { ...source, gpgKeys: keys };
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
