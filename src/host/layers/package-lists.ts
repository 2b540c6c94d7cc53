// SPDX-License-Identifier: Apache-2.0
/** What the host's package repositories offer: for searches, and to have their lists here beforehand. */
import { homedir } from "node:os";
import { join } from "node:path";
import { type ProgressListener, silent } from "../../base/index.ts";
import {
  loadApt,
  loadRepomd,
  newestOffers,
  type OfferedPackage,
  offeredDebs,
  offeredRpms,
  type PackageSet,
  type RpmPackageSet,
} from "../../packages/index.ts";
import type { Sysroot } from "../sysroot.ts";
import { layerCache } from "./assemble-layers.ts";
import { hostRepositories, type RepositoryOptions } from "./repositories.ts";

export interface PackageListsRequest {
  readonly stateroot?: string;
  /** Use only what was loaded before. */
  readonly cacheOnly?: boolean;
  /** Ask every repository, also those whose lists are not too old yet. */
  readonly force?: boolean;
  readonly repositories?: RepositoryOptions;
}

/** What the repositories offer: of each name and architecture the newest. */
export interface PackageLists {
  /** Packages in all, of all versions. */
  readonly count: number;
  readonly repositories: readonly string[];
  all(): Iterable<OfferedPackage>;
  named(name: string): readonly OfferedPackage[];
  /** That provide a name or, of RPM packages, have a file in one of the usual places of programs. */
  providing(name: string): readonly OfferedPackage[];
}

/** Which repositories they are says the /etc of the deployment whose changes a new one would take over. */
export async function loadPackageLists(
  sysroot: Sysroot,
  request: PackageListsRequest = {},
  progress: ProgressListener = silent,
): Promise<PackageLists> {
  const { cacheOnly = false, force = false } = request;
  const stateroot = sysroot.stateroot(request.stateroot);
  const { repositories, warnings } = await hostRepositories(configRoot(sysroot, stateroot), request.repositories);
  for (const text of warnings) progress({ type: "warning", text });
  const cache = cacheFor(sysroot, stateroot);
  const options = { offline: cacheOnly };
  if (repositories.sources.length === 0) return noPackages;
  if (repositories.format === "deb") return debLists(await loadApt(repositories.sources, cache, options, progress));
  // Release files of apt's repositories are asked for in any case.
  const sources = repositories.sources.map((source) => (force ? { ...source, metadataExpire: 0 } : source));
  return rpmLists(await loadRepomd(sources, cache, options, progress));
}

function debLists(set: PackageSet): PackageLists {
  return {
    count: set.count,
    repositories: [...new Set(set.sources.map(({ info }) => `${info.uri} ${info.suite}`))],
    all: () => offeredDebs(set),
    named: (name) => newestOffers(set.versions(name)),
    providing: (name) => newestOffers([...set.versions(name), ...set.providers(name)]),
  };
}

function rpmLists(set: RpmPackageSet): PackageLists {
  return {
    count: set.count,
    repositories: set.repositories.map(({ id }) => id),
    all: () => offeredRpms(set),
    named: (name) => newestOffers(set.named(name)),
    providing: (name) => newestOffers(set.providing(name)),
  };
}

const noPackages: PackageLists = {
  count: 0,
  repositories: [],
  all: () => [],
  named: () => [],
  providing: () => [],
};

/** Directory of the deployment whose repositories count. */
export function configRoot(sysroot: Sysroot, stateroot: string): string {
  const merge = sysroot.mergeDeployment(stateroot) ?? sysroot.deployments.find((one) => one.stateroot === stateroot);
  return merge === undefined ? sysroot.path : sysroot.directory(merge);
}

/** That of the host is root's; who may only look has his own. */
function cacheFor(sysroot: Sysroot, stateroot: string): string {
  if (process.getuid?.() === 0) return layerCache(sysroot, stateroot);
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "atomic/packages");
}
