// SPDX-License-Identifier: Apache-2.0
import { compareDebianVersions } from "../packages/index.ts";

export interface PackageVersion {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

export interface PackageChange {
  readonly name: string;
  readonly architecture: string;
  readonly from: string;
  readonly to: string;
}

/** How one set of installed packages becomes another; each list in name order. */
export interface PackageDiff {
  readonly upgraded: readonly PackageChange[];
  readonly downgraded: readonly PackageChange[];
  readonly added: readonly PackageVersion[];
  readonly removed: readonly PackageVersion[];
}

export const noPackageChanges: PackageDiff = { upgraded: [], downgraded: [], added: [], removed: [] };

export function diffPackages(before: readonly PackageVersion[], after: readonly PackageVersion[]): PackageDiff {
  const [old, now] = [byKey(before), byKey(after)];
  const changes = [...now].flatMap(([key, to]): PackageChange[] => {
    const from = old.get(key);
    if (from === undefined || from.version === to.version) return [];
    return [{ name: to.name, architecture: to.architecture, from: from.version, to: to.version }];
  });
  const down = (change: PackageChange) => compareDebianVersions(change.to, change.from) < 0;
  return {
    upgraded: changes.filter((change) => !down(change)),
    downgraded: changes.filter(down),
    added: [...now].filter(([key]) => !old.has(key)).map(([, added]) => added),
    removed: [...old].filter(([key]) => !now.has(key)).map(([, removed]) => removed),
  };
}

export function isEmptyDiff(diff: PackageDiff): boolean {
  return Object.values(diff).every((list: readonly unknown[]) => list.length === 0);
}

/** `all` and the machine's architecture are one: a package may move between them. Foreign ones are told apart. */
function byKey(packages: readonly PackageVersion[]): Map<string, PackageVersion> {
  const native = packages.find(({ name }) => name === "dpkg")?.architecture;
  const key = ({ name, architecture }: PackageVersion) =>
    architecture === "all" || architecture === native ? name : `${name}:${architecture}`;
  const sorted = packages.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  return new Map(sorted.map((one) => [key(one), one]));
}
