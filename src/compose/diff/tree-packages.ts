// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GVariantValue } from "../../formats/index.ts";
import type { Checksum, Commit, DirTree, Repo } from "../../ostree/index.ts";
import {
  databasePlaces,
  type PackageId,
  type PackageList,
  readDpkgStatus,
  readInstalledPackages,
  type RpmPackage,
} from "../../packages/index.ts";

/** Where our composes keep the dpkg database, and where it is on machines composed otherwise. */
const databases = ["usr/lib/sysimage/dpkg/status", "usr/share/dpkg/status", "var/lib/dpkg/status"];

/**
 * The packages in a commit: from its metadata (`atomic.packages`, or rpm-ostree's list), which is there before the files
 * are, else from the tree's database. Undefined when neither is known.
 */
export function treePackages(repo: Repo, checksum: Checksum): PackageList | undefined {
  if (!repo.has(checksum, "commit")) return undefined;
  const commit = repo.loadCommit(checksum);
  return fromMetadata(commit) ?? fromDpkg(repo, commit) ?? fromRpm(repo, commit);
}

function fromMetadata({ metadata }: Commit): PackageList | undefined {
  const rpms = metadata.get("rpmostree.rpmdb.pkglist");
  if (rpms?.type === "a(sssss)") return { format: "rpm", packages: rows(rpms.value).map(rpmPackage) };
  const debs = metadata.get("atomic.packages");
  if (debs?.type === "a(sss)") return { format: "deb", packages: rows(debs.value).map(debPackage) };
  return undefined;
}

function rows(value: GVariantValue): readonly (readonly string[])[] {
  return value as unknown as readonly string[][];
}

function debPackage([name = "", version = "", architecture = ""]: readonly string[]): PackageId {
  return { name, version, architecture };
}

/** Name, epoch, version, release, architecture (rpm-ostree `_rpm_ostree_package_new_from_variant`). */
function rpmPackage([
  name = "",
  epoch = "0",
  version = "",
  release = "",
  architecture = "",
]: readonly string[]): PackageId {
  return { name, version: `${epoch === "0" ? "" : `${epoch}:`}${version}-${release}`, architecture };
}

function fromDpkg(repo: Repo, commit: Commit): PackageList | undefined {
  for (const path of databases) {
    const checksum = findFile(repo, commit.tree, path.split("/"));
    if (checksum === undefined || !repo.has(checksum, "file")) continue;
    const packages = readDpkgStatus(repo.loadFile(checksum).content(), path);
    return { format: "deb", packages: packages.filter(({ state }) => state === "installed") };
  }
  return undefined;
}

/** What rpm's databases are made of. */
const rpmFiles = ["rpmdb.sqlite", "Packages.db", "Packages"];

function fromRpm(repo: Repo, commit: Commit): PackageList | undefined {
  const packages = installedRpms(repo, commit);
  return (
    packages && {
      format: "rpm",
      packages: packages.map(({ name, version, architecture }) => ({ name, version, architecture })),
    }
  );
}

/** What rpm's database in a commit has. */
export function installedRpms(repo: Repo, commit: Commit): RpmPackage[] | undefined {
  return withRpmDatabase(repo, commit, readInstalledPackages);
}

/** rpm's databases are read by their own programs' libraries, which take files: `read` is given a directory with them. */
export function withRpmDatabase<T>(repo: Repo, commit: Commit, read: (directory: string) => T): T | undefined {
  for (const [place, name] of databasePlaces.flatMap((place) => rpmFiles.map((name) => [place, name] as const))) {
    const checksum = findFile(repo, commit.tree, [...place.split("/"), name]);
    if (checksum === undefined || !repo.has(checksum, "file")) continue;
    const directory = mkdtempSync(join(tmpdir(), "atomic-rpmdb-"));
    try {
      writeFileSync(join(directory, name), repo.loadFile(checksum).content());
      return read(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
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
