// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { Checksum, Repo } from "../ostree/index.ts";
import { diffPackages, type PackageDiff, type PackageId } from "../packages/index.ts";
import { treePackages } from "./diff/index.ts";

/**
 * What `--write-composejson-to` tells of a commit, with rpm-ostree's keys (rpmostree-composeutil.cxx
 * `rpmostree_composeutil_write_composejson`); the counts of a transaction are left out.
 */
export function composeJson(repo: Repo, commit: Checksum, ref: string | undefined): Record<string, unknown> {
  const { metadata, tree, meta, timestamp, parent } = repo.loadCommit(commit);
  const text = (key: string) => metadata.get(key)?.value;
  const hashed = createHash("sha256").update(Buffer.from(tree + meta, "hex"));
  const diff = parent === undefined ? undefined : packageDiff(repo, parent, commit);
  return {
    ...(ref !== undefined && { ref }),
    "ostree-commit": commit,
    "ostree-content-checksum": hashed.digest("hex"),
    "ostree-version": text("version"),
    "ostree-timestamp": new Date(Number(timestamp) * 1000).toISOString().replace(".000Z", "Z"),
    "rpm-ostree-inputhash": text("rpmostree.inputhash") ?? text("atomic.inputhash"),
    ...(diff && { pkgdiff: diff }),
  };
}

function packageDiff(repo: Repo, parent: Checksum, commit: Checksum): unknown[] | undefined {
  const [before, after] = [treePackages(repo, parent), treePackages(repo, commit)];
  return before && after && pkgdiff(diffPackages(before, after));
}

type Row = [
  name: string,
  type: number,
  packages: Record<string, [name: string, version: string, architecture: string]>,
];

/** By type, then by name (rpm-ostree `build_diff_variant`, RpmOstreePackage diff types 0 to 3). */
function pkgdiff({ added, removed, upgraded, downgraded }: PackageDiff): Row[] {
  const id = ({ name, architecture }: Omit<PackageId, "version">, version: string): [string, string, string] => {
    return [name, version, architecture];
  };
  const changed =
    (type: number) =>
    (one: PackageDiff["upgraded"][number]): Row => {
      return [one.name, type, { PreviousPackage: id(one, one.from), NewPackage: id(one, one.to) }];
    };
  return [
    ...added.map((one): Row => [one.name, 0, { NewPackage: id(one, one.version) }]),
    ...removed.map((one): Row => [one.name, 1, { PreviousPackage: id(one, one.version) }]),
    ...upgraded.map(changed(2)),
    ...downgraded.map(changed(3)),
  ];
}
