// SPDX-License-Identifier: Apache-2.0
/** Newer versions of layered packages, told before a version is brought (rpm-ostree: `rpmmd_diff_guess`). */
import { AtomicError, type ProgressListener } from "../../base/index.ts";
import { diffPackages, type PackageChange, type PackageId } from "../../packages/index.ts";
import { baseCommit } from "../commit-metadata.ts";
import { loadPackageLists } from "../layers/package-lists.ts";
import { readWish } from "../layers/wish.ts";
import type { Deployment } from "../model.ts";
import type { Sysroot } from "../sysroot.ts";

/**
 * What the repositories have for the packages that are layered now, with those that they brought along. Which of them come
 * to another version is known when they are layered on it. None where the repositories cannot be asked: the base counts.
 * Undefined: nothing is layered.
 */
export async function layeredUpdates(
  sysroot: Sysroot,
  { checksum, origin, stateroot }: Deployment,
  how: { readonly cacheOnly: boolean },
  progress: ProgressListener,
): Promise<readonly PackageChange[] | undefined> {
  const base = baseCommit(sysroot.repo, checksum);
  if (base === checksum) return undefined;
  const wish = readWish(origin);
  if (wish.packages.length === 0) return [];
  const { treePackages } = await import("../../compose/index.ts");
  const [before, after] = [treePackages(sysroot.repo, base), treePackages(sysroot.repo, checksum)];
  if (before === undefined || after === undefined) return [];
  const files = new Set([...wish.local, ...wish.fileOverride].map(({ nevra }) => nevra));
  const layered = diffPackages(before, after).added.filter((one) => !files.has(nevraOf(one)));
  try {
    const lists = await loadPackageLists(sysroot, { stateroot, ...how }, progress);
    const isSame = (one: PackageId) => (other: PackageId) => other.architecture === one.architecture;
    const offered = layered.map((one) => lists.named(one.name).find(isSame(one)) ?? one);
    return diffPackages({ ...after, packages: layered }, { ...after, packages: offered }).upgraded;
  } catch (error) {
    if (!(error instanceof AtomicError)) throw error;
    progress({ type: "warning", text: `newer versions of layered packages are not known: ${error.message}` });
    return [];
  }
}

function nevraOf({ name, version, architecture }: PackageId): string {
  return `${name}-${version}.${architecture}`;
}
