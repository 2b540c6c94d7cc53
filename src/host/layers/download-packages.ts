// SPDX-License-Identifier: Apache-2.0
/** Package files of a repository, as they are there now (rpm-ostree: `rpmostree_find_and_download_packages`). */
import { type ProgressListener, silent } from "../../base/index.ts";
import {
  type AptSource,
  type AvailableRpm,
  compareEvr,
  downloadPackages,
  downloadRpms,
  loadApt,
  loadRepomd,
  packageError,
  type RpmSource,
} from "../../packages/index.ts";
import type { Sysroot } from "../sysroot.ts";
import { layerCache } from "./assemble-layers.ts";
import { configRoot } from "./package-lists.ts";
import { hostRepositories, type RepositoryOptions } from "./repositories.ts";

export interface DownloadRequest {
  readonly stateroot?: string;
  /** The id of an enabled repository, the suite or codename of one of Debian's. */
  readonly repository: string;
  /** Names, with version and architecture where these matter, as the format's own tools take them. */
  readonly queries: readonly string[];
  readonly cacheOnly?: boolean;
  readonly repositories?: RepositoryOptions;
}

interface Options {
  readonly cacheDir: string;
  readonly offline: boolean;
}

/** Paths in the host's cache, one for each query: the newest that it means. Signatures are checked as the repository wants it. */
export async function downloadFromRepository(
  sysroot: Sysroot,
  request: DownloadRequest,
  progress: ProgressListener = silent,
): Promise<string[]> {
  const stateroot = sysroot.stateroot(request.stateroot);
  const { repositories, warnings } = await hostRepositories(configRoot(sysroot, stateroot), request.repositories);
  for (const text of warnings) progress({ type: "warning", text });
  const options = { cacheDir: layerCache(sysroot, stateroot), offline: request.cacheOnly ?? false };
  if (repositories.sources.length === 0) throw notThere(request.queries[0] ?? "", request.repository);
  return repositories.format === "rpm"
    ? downloadRpmFiles(repositories.sources, request, options, progress)
    : downloadDebFiles(repositories.sources, request, options, progress);
}

async function downloadRpmFiles(
  sources: readonly RpmSource[],
  { repository, queries }: DownloadRequest,
  options: Options,
  progress: ProgressListener,
): Promise<string[]> {
  const { hostArchitecture, verifyDownloaded } = await import("../../compose/index.ts");
  const set = await loadRepomd(sources, options.cacheDir, options, progress);
  const runs = [hostArchitecture(), "noarch"];
  const foreign = (one: AvailableRpm) => Number(!runs.includes(one.architecture));
  const chosen = queries.map((query) => {
    const found = set.matching(query).filter((one) => one.repository.id === repository && one.architecture !== "src");
    const [best] = found.toSorted((a, b) => foreign(a) - foreign(b) || compareEvr(b.evr, a.evr));
    if (best === undefined) throw notThere(query, repository);
    return best;
  });
  const paths = await downloadRpms(chosen, options.cacheDir, progress, options);
  await verifyDownloaded(paths, options);
  return chosen.map((one) => paths.get(one)!);
}

async function downloadDebFiles(
  sources: readonly AptSource[],
  { repository, queries }: DownloadRequest,
  options: Options,
  progress: ProgressListener,
): Promise<string[]> {
  const set = await loadApt(sources, options.cacheDir, options, progress);
  const chosen = queries.map((query) => {
    const [name = "", version] = query.split("=");
    const found = set.versions(name).find(({ source: { info }, version: own }) => {
      return [info.suite, info.codename].includes(repository) && (version === undefined || version === own);
    });
    if (found === undefined) throw notThere(query, repository);
    return found;
  });
  const paths = await downloadPackages(chosen, options.cacheDir, progress, options);
  return chosen.map((one) => paths.get(one)!);
}

function notThere(query: string, repository: string): Error {
  return packageError("unknown", `no package of the repository ${repository} fits ${query}`, {
    hint: "check the spelling, and that the repository is enabled",
  });
}
