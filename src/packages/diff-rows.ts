// SPDX-License-Identifier: Apache-2.0
import type { PackageDiff } from "./diff-packages.ts";
import type { PackageId } from "./model.ts";

type IdRow = readonly [name: string, version: string, architecture: string];

export type PackageDiffRow = readonly [name: string, type: number, packages: Readonly<Record<string, IdRow>>];

/** A difference as rpm-ostree's JSON has it, `pkgdiff`: by type, then by name (`build_diff_variant`, types 0 to 3). */
export function packageDiffRows({ added, removed, upgraded, downgraded }: PackageDiff): PackageDiffRow[] {
  const id = ({ name, architecture }: Omit<PackageId, "version">, version: string): IdRow => {
    return [name, version, architecture];
  };
  const changed =
    (type: number) =>
    (one: PackageDiff["upgraded"][number]): PackageDiffRow => {
      return [one.name, type, { PreviousPackage: id(one, one.from), NewPackage: id(one, one.to) }];
    };
  return [
    ...added.map((one): PackageDiffRow => [one.name, 0, { NewPackage: id(one, one.version) }]),
    ...removed.map((one): PackageDiffRow => [one.name, 1, { PreviousPackage: id(one, one.version) }]),
    ...upgraded.map(changed(2)),
    ...downgraded.map(changed(3)),
  ];
}
