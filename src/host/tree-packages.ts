// SPDX-License-Identifier: Apache-2.0
import type { Checksum, Commit, DirTree, Repo } from "../ostree/index.ts";
import { readDpkgStatus } from "../packages/index.ts";
import { tryLoadCommit } from "./commit-metadata.ts";
import type { PackageVersion } from "./package-diff.ts";

/** Where our composes keep the dpkg database, and where it is on machines composed otherwise. */
const databases = ["usr/lib/sysimage/dpkg/status", "usr/share/dpkg/status", "var/lib/dpkg/status"];

/**
 * The packages in a commit: from its metadata (`atomic.packages`), which is there before the files are, else from the
 * tree's dpkg database. Undefined when neither is known.
 */
export function treePackages(repo: Repo, checksum: Checksum): PackageVersion[] | undefined {
  const commit = tryLoadCommit(repo, checksum);
  return fromMetadata(commit) ?? (commit === undefined ? undefined : fromDatabase(repo, commit));
}

function fromMetadata(commit: Commit | undefined): PackageVersion[] | undefined {
  const list = commit?.metadata.get("atomic.packages");
  if (list?.type !== "a(sss)" || !Array.isArray(list.value)) return undefined;
  return (list.value as [string, string, string][]).map(([name, version, architecture]) => ({
    name,
    version,
    architecture,
  }));
}

function fromDatabase(repo: Repo, commit: Commit): PackageVersion[] | undefined {
  for (const path of databases) {
    const checksum = findFile(repo, commit.tree, path.split("/"));
    if (checksum === undefined || !repo.has(checksum, "file")) continue;
    return readDpkgStatus(repo.loadFile(checksum).content(), path).filter(({ state }) => state === "installed");
  }
  return undefined;
}

/** Follows a path through directory objects; undefined also when they were not pulled. */
function findFile(repo: Repo, root: Checksum, path: readonly string[]): Checksum | undefined {
  let tree: Checksum | undefined = root;
  for (const name of path.slice(0, -1)) {
    const entries: DirTree | undefined = loadTree(repo, tree);
    tree = entries?.dirs.find((child) => child.name === name)?.tree;
  }
  return loadTree(repo, tree)?.files.find((child) => child.name === path.at(-1))?.checksum;
}

function loadTree(repo: Repo, tree: Checksum | undefined): DirTree | undefined {
  return tree !== undefined && repo.has(tree, "dirtree") ? repo.loadDirTree(tree) : undefined;
}
