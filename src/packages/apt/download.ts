// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { lstatIfExists, makeDirectories, type ProgressListener, silent } from "../../base/index.ts";
import { fetchPackages } from "../fetch-packages.ts";
import type { DebPackage } from "./package-set.ts";

export interface DownloadPackagesOptions {
  /** Fail where a package is not in the cache; default false. */
  readonly offline?: boolean;
}

/**
 * Makes sure that all packages are in the cache, and gives the path of each. A path that is returned was checked against
 * the signed index when it was downloaded; its name is its SHA-256, so that it is the same package for ever.
 */
export async function downloadPackages(
  packages: readonly DebPackage[],
  cacheDir: string,
  progress: ProgressListener = silent,
  options: DownloadPackagesOptions = {},
): Promise<Map<DebPackage, string>> {
  const directory = join(cacheDir, "debs");
  makeDirectories(directory);
  const paths = new Map(packages.map((one) => [one, join(directory, `${one.sha256}.deb`)]));
  const missing = [...paths].filter(([one, path]) => lstatIfExists(path)?.size !== one.size);
  const files = missing.map(([{ name, url, size, sha256 }, path]) => ({
    name,
    urls: [url],
    path,
    size,
    digest: { type: "sha256", hex: sha256 },
    authority: "the signed index",
    code: "bad-download" as const,
  }));
  await fetchPackages(files, options.offline ?? false, progress);
  return paths;
}
