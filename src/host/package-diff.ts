// SPDX-License-Identifier: Apache-2.0
import type { Checksum, Repo } from "../ostree/index.ts";
import { diffPackages, noPackageChanges, type PackageDiff } from "../packages/index.ts";

/** What changes from one commit to another; undefined when the packages of one of them are not known. */
export async function packageDiff(repo: Repo, from: Checksum, to: Checksum): Promise<PackageDiff | undefined> {
  if (from === to) return noPackageChanges;
  // Only here: the composer is much to load for a service, or a command, that is asked for a status.
  const { treePackages } = await import("../compose/index.ts");
  const [before, after] = [treePackages(repo, from), treePackages(repo, to)];
  return before === undefined || after === undefined ? undefined : diffPackages(before, after);
}
