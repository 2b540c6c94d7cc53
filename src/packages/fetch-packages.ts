// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, stage } from "../base/index.ts";
import { packageError } from "./errors.ts";
import { fetchFiles, type WantedFile } from "./fetch-file.ts";

/** Fetches packages that the cache does not have. @param offline refuse instead (`packages-offline`), naming some */
export async function fetchPackages(
  missing: readonly WantedFile[],
  offline: boolean,
  progress: ProgressListener,
): Promise<void> {
  // Two repositories may have the same package.
  const files = [...new Map(missing.map((file) => [file.path, file])).values()];
  if (files.length === 0) return;
  if (offline) {
    const names = files.slice(0, 5).map(({ name }) => name);
    const more = files.length > 5 ? ", ..." : "";
    throw packageError("offline", `${files.length} packages are not in the cache: ${names.join(", ")}${more}`);
  }
  const total = files.reduce((sum, { size = 0 }) => sum + size, 0);
  await stage(
    progress,
    "packages.download",
    `Downloading ${files.length} packages`,
    () => fetchFiles(files, progress, "packages.download"),
    () => `${files.length} packages, ${(total / 1e6).toFixed(1)} MB`,
  );
}
