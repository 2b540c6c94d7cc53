// SPDX-License-Identifier: Apache-2.0
import { compareDebianVersions } from "./deb/version.ts";
import type { PackageId } from "./model.ts";
import { compareEvr, parseEvr } from "./rpm/version.ts";

/** Packages of one format, which says how their versions are ordered. */
export interface PackageList {
  readonly format: "rpm" | "deb";
  readonly packages: readonly PackageId[];
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
  readonly added: readonly PackageId[];
  readonly removed: readonly PackageId[];
}

export const noPackageChanges: PackageDiff = { upgraded: [], downgraded: [], added: [], removed: [] };

/** Of a package that is there in several versions, as kernels are, the versions are paired from the newest on. */
export function diffPackages(before: PackageList, after: PackageList): PackageDiff {
  if (before.format !== after.format) {
    return { ...noPackageChanges, added: after.packages, removed: before.packages };
  }
  const compare = orders[after.format];
  const [old, now] = [byKey(before), byKey(after)];
  const pairs = [...new Set([...old.keys(), ...now.keys()])]
    .toSorted()
    .flatMap((key) => pair(old.get(key) ?? [], now.get(key) ?? [], compare));
  const changes = pairs.flatMap(({ from, to }): PackageChange[] =>
    from && to ? [{ name: to.name, architecture: to.architecture, from: from.version, to: to.version }] : [],
  );
  const down = (change: PackageChange) => compare(change.to, change.from) < 0;
  return {
    upgraded: changes.filter((change) => !down(change)),
    downgraded: changes.filter(down),
    added: pairs.flatMap(({ from, to }) => (to && !from ? [to] : [])),
    removed: pairs.flatMap(({ from, to }) => (from && !to ? [from] : [])),
  };
}

export function isEmptyDiff(diff: PackageDiff): boolean {
  return Object.values(diff).every((list: readonly unknown[]) => list.length === 0);
}

type VersionOrder = (a: string, b: string) => number;

const orders: Readonly<Record<PackageList["format"], VersionOrder>> = {
  deb: compareDebianVersions,
  rpm: (a, b) => compareEvr(parseEvr(a), parseEvr(b)),
};

/**
 * `all` and `noarch` are one with the machine's architecture: a package may move between them. Foreign ones are told
 * apart, so that multilib packages are packages of their own.
 */
function byKey({ format, packages }: PackageList): Map<string, PackageId[]> {
  const own = packages.find(({ name }) => name === (format === "deb" ? "dpkg" : "glibc"))?.architecture;
  const native = new Set(["all", "noarch", own]);
  return Map.groupBy(packages, ({ name, architecture }) =>
    native.has(architecture) ? name : `${name}:${architecture}`,
  );
}

function pair(
  before: readonly PackageId[],
  after: readonly PackageId[],
  compare: VersionOrder,
): { readonly from: PackageId | undefined; readonly to: PackageId | undefined }[] {
  const onlyIn = (list: readonly PackageId[], other: readonly PackageId[]) =>
    list
      .filter((one) => !other.some(({ version }) => version === one.version))
      .toSorted((a, b) => compare(b.version, a.version));
  const [old, now] = [onlyIn(before, after), onlyIn(after, before)];
  return Array.from({ length: Math.max(old.length, now.length) }, (_, at) => ({ from: old[at], to: now[at] }));
}
