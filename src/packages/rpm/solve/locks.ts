// SPDX-License-Identifier: Apache-2.0
import type { PackageLock, PackageLocks } from "../../model.ts";
import { AvailableRpm } from "../../repomd/available-rpm.ts";
import type { RpmPackageSet } from "../../repomd/package-set.ts";
import type { RpmPackage } from "../model.ts";
import { isVersion } from "./spec.ts";

/** Whether locks leave a package to be chosen (rpm-ostree rpmostree-core.cxx, `rpmostree_context_prepare`). */
export function keepsTo({ packages, strict }: PackageLocks, one: RpmPackage): boolean {
  const lock = packages.get(one.name);
  return lock === undefined ? !strict : fits(lock, one);
}

function fits({ version, architecture, digest }: PackageLock, one: RpmPackage): boolean {
  if (!isVersion(one.evr, version) || (architecture !== undefined && architecture !== one.architecture)) return false;
  if (digest === undefined || !(one instanceof AvailableRpm)) return true;
  const { type, hex } = one.checksum;
  return digest === `${type}:${hex}`;
}

/** Locks that no package of the repositories fits, each with what is there instead, as a sentence. */
export function missingRpmLocks(set: RpmPackageSet, { packages }: PackageLocks): string[] {
  return [...packages].flatMap(([name, lock]) => {
    const there = set.named(name);
    if (there.some((one) => fits(lock, one))) return [];
    const versions = there.map((one) => `${one.version}.${one.architecture} (${one.repository.id})`).join(", ");
    const digest = there.some((one) => isVersion(one.evr, lock.version)) ? " with this digest and architecture" : "";
    return [
      `locked package ${name} ${lock.version}${digest} is not in the repositories; there is ${versions || "none"}`,
    ];
  });
}
