// SPDX-License-Identifier: Apache-2.0
import type { DebPackage, PackageSet } from "../apt/package-set.ts";
import type { PackageLock, PackageLocks } from "../model.ts";

/** Whether locks leave a package to be chosen (rpm-ostree rpmostree-core.cxx, `rpmostree_context_prepare`). */
export function keepsTo({ packages, strict }: PackageLocks, one: DebPackage): boolean {
  const lock = packages.get(one.name);
  return lock === undefined ? !strict : fits(lock, one);
}

function fits({ version, architecture, digest }: PackageLock, one: DebPackage): boolean {
  return (
    one.version === version &&
    (architecture === undefined || architecture === one.architecture) &&
    (digest === undefined || digest === `sha256:${one.sha256}`)
  );
}

/** Locks that no package of the repositories fits, each with what is there instead, as a sentence. */
export function missingLocks(set: PackageSet, { packages }: PackageLocks): string[] {
  return [...packages].flatMap(([name, lock]) => {
    const versions = set.versions(name);
    if (versions.some((one) => fits(lock, one))) return [];
    const there = versions.map((one) => `${one.version} (${one.source.info.suite})`).join(", ");
    const digest = versions.some((one) => one.version === lock.version) ? " with this digest" : "";
    return [`locked package ${name} ${lock.version}${digest} is not in the repositories; there is ${there || "none"}`];
  });
}
