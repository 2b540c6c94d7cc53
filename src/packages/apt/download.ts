// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  baseError,
  download,
  lstatIfExists,
  makeDirectories,
  type ProgressListener,
  silent,
  stage,
} from "../../base/index.ts";
import { packageError } from "../errors.ts";
import type { DebPackage } from "./package-set.ts";

/** Connections at a time: what apt uses against one host, times the parallelism that mirrors welcome. */
const parallel = 4;

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
  if (missing.length === 0) return paths;
  if (options.offline === true) {
    const names = missing.slice(0, 5).map(([one]) => one.name);
    throw packageError(
      "offline",
      `${missing.length} packages are not in the cache: ${names.join(", ")}${missing.length > 5 ? ", ..." : ""}`,
    );
  }
  const total = missing.reduce((sum, [one]) => sum + one.size, 0);
  await stage(
    progress,
    "packages.download",
    `Downloading ${missing.length} packages`,
    () => fetchAll(missing, total, progress),
    () => `${missing.length} packages, ${(total / 1e6).toFixed(1)} MB`,
  );
  return paths;
}

type Wanted = readonly [DebPackage, string];

async function fetchAll(missing: readonly Wanted[], total: number, progress: ProgressListener): Promise<void> {
  const done = new Map<DebPackage, number>();
  let sum = 0;
  const tell = (one: DebPackage, bytes: number) => {
    sum += bytes - (done.get(one) ?? 0);
    done.set(one, bytes);
    progress({ type: "steps", task: "packages.download", done: sum, total, unit: "bytes", current: one.name });
  };
  // The largest first: a long one at the end would be waited for alone.
  const queue = [...missing].sort(([a], [b]) => b.size - a.size).values();
  const abort = new AbortController();
  const worker = async () => {
    for (const [one, path] of queue) {
      if (abort.signal.aborted) return;
      await fetchOne(one, path, abort.signal, (bytes) => tell(one, bytes));
    }
  };
  progress({ type: "steps", task: "packages.download", done: 0, total, unit: "bytes" });
  const workers = Array.from({ length: parallel }, () =>
    worker().catch((error: unknown) => {
      abort.abort();
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  // The first failure is the cause; the others were only broken off by it.
  const failures = (await Promise.allSettled(workers)).flatMap((one) =>
    one.status === "rejected" ? [one.reason as unknown] : [],
  );
  const cause = failures.find((error) => !(error instanceof Error && error.name === "AbortError")) ?? failures[0];
  if (cause !== undefined) throw cause;
}

/**
 * The partial file keeps its name over processes, so that a broken download goes on where it stopped; when the whole
 * turns out wrong, it is fetched once from the start, as what was there before may have been the damage.
 */
async function fetchOne(
  one: DebPackage,
  path: string,
  signal: AbortSignal,
  onBytes: (done: number) => void,
): Promise<void> {
  const partial = `${path}.partial`;
  const resumed = lstatIfExists(partial) !== undefined;
  try {
    await download(one.url, partial, { size: one.size, onBytes, signal });
  } catch (error) {
    if (baseError.is(error, "too-large")) rmSync(partial, { force: true });
    throw error;
  }
  const sum = hashFile(partial);
  if (sum === one.sha256) {
    renameSync(partial, path);
    return;
  }
  rmSync(partial, { force: true });
  if (resumed) return fetchOne(one, path, signal, onBytes);
  throw packageError(
    "bad-download",
    `${one.url}: the SHA-256 of what was downloaded is ${sum}, but the signed index says ${one.sha256}`,
    { hint: "try again, or use another mirror" },
  );
}

function hashFile(path: string): string {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, "r");
  try {
    for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer))
      hash.update(buffer.subarray(0, count));
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}
