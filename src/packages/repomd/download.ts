// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { lstatIfExists, makeDirectories, type ProgressListener, silent } from "../../base/index.ts";
import { hashFile } from "../digest.ts";
import { packageError } from "../errors.ts";
import type { WantedFile } from "../fetch-file.ts";
import { fetchPackages } from "../fetch-packages.ts";
import type { AvailableRpm } from "./available-rpm.ts";
import { localPath, resolveLocation } from "./mirrors.ts";

export interface DownloadRpmsOptions {
  /** Fail where a package is not in the cache; default false. Packages of local repositories are always there. */
  readonly offline?: boolean;
}

/** A package that does not say its size; the largest of Fedora have 3 GB. */
const packageLimit = 2 ** 36;

/**
 * Makes sure that all packages are on this machine, and gives the path of each: in the cache, named by its check sum, or
 * where a local repository has it. A path that is returned was checked against the repository's metadata.
 */
export async function downloadRpms(
  packages: readonly AvailableRpm[],
  cacheDir: string,
  progress: ProgressListener = silent,
  options: DownloadRpmsOptions = {},
): Promise<Map<AvailableRpm, string>> {
  const directory = join(cacheDir, "rpms");
  makeDirectories(directory);
  const paths = new Map<AvailableRpm, string>();
  const missing: WantedFile[] = [];
  for (const one of packages) {
    const local = localPackage(one);
    const path = local ?? join(directory, `${one.checksum.type}-${one.checksum.hex}.rpm`);
    paths.set(one, path);
    if (local === undefined && !isThere(one, path)) missing.push(wanted(one, path));
  }
  await fetchPackages(missing, options.offline ?? false, progress);
  return paths;
}

function isThere({ packageSize }: AvailableRpm, path: string): boolean {
  const size = lstatIfExists(path)?.size;
  return size !== undefined && (packageSize === 0 || size === packageSize);
}

function urlsOf(one: AvailableRpm): string[] {
  const base = one.text("base");
  return (base === "" ? one.repository.bases : [base]).map((each) => resolveLocation(each, one.text("location")));
}

/** The package in a local repository; verified each time, as it is not ours. */
function localPackage(one: AvailableRpm): string | undefined {
  const path = urlsOf(one)
    .flatMap((url) => localPath(url) ?? [])
    .find((each) => lstatIfExists(each) !== undefined);
  if (path === undefined) return undefined;
  const sum = hashFile(path, one.checksum);
  if (sum === one.checksum.hex) return path;
  throw packageError(
    "bad-download",
    `${path}: its check sum is ${sum}, but the repository's metadata says ${one.checksum.hex}`,
    { hint: "run createrepo_c again when packages of a repository have changed" },
  );
}

function wanted(one: AvailableRpm, path: string): WantedFile {
  const urls = urlsOf(one).filter((url) => localPath(url) === undefined);
  return {
    name: one.name,
    urls,
    path,
    digest: one.checksum,
    authority: "the repository's metadata",
    code: "bad-download",
    request: one.repository.request,
    ...(one.packageSize === 0 ? { limit: packageLimit } : { size: one.packageSize }),
  };
}
