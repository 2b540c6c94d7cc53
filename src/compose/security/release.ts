// SPDX-License-Identifier: Apache-2.0
import type { SourceInfo } from "../../packages/index.ts";
import type { SecurityTracker } from "../treefile/model.ts";

export interface PackageRelease {
  /** Codename of the release that a package is from. */
  readonly release: string;
  /** Whether Debian's tracker speaks of it: versions of others are no versions of Debian's, whatever their names. */
  readonly tracked: boolean;
}

/** @param archive what the Release file of the package's repository says */
export function releaseOfArchive(
  { codename, origin }: Pick<SourceInfo, "codename" | "origin">,
  tracker: SecurityTracker | undefined,
): PackageRelease {
  if (tracker?.release !== undefined) return { release: tracker.release, tracked: true };
  return { release: releaseOfCodename(codename), tracked: /^Debian( Backports)?$/.test(origin) };
}

/** @param osRelease the tree's os-release(5) */
export function releaseOfTree(osRelease: string, tracker: SecurityTracker | undefined): PackageRelease {
  if (tracker?.release !== undefined) return { release: tracker.release, tracked: true };
  const value = (key: string) => new RegExp(`^${key}=["']?([\\w-]+)`, "m").exec(osRelease)?.[1] ?? "";
  return { release: value("VERSION_CODENAME"), tracked: value("ID") === "debian" };
}

/** The archives of a release beside its own; backports are packages of testing, which come with fixes by way of unstable. */
function releaseOfCodename(codename: string): string {
  return /-backports(-sloppy)?$/.test(codename) ? "sid" : codename.replace(/-(security|updates|proposed-updates)$/, "");
}
