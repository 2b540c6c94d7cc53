// SPDX-License-Identifier: Apache-2.0
/** How /etc differs from what the version shipped. */
import { join } from "node:path";
import { diffEtc, type EtcChange } from "../diff-etc.ts";
import type { Deployment } from "../model.ts";
import { type EtcForecast, forecastDeploymentEtc } from "../preview/etc.ts";
import type { Sysroot } from "../sysroot.ts";
import { isKept, readKept } from "./keep.ts";

export interface EtcDrift {
  readonly path: string;
  readonly kind: EtcChange["kind"];
  /** Resets leave it. */
  readonly kept: boolean;
}

/** The directories that are compared: /etc of a deployment, and the defaults of its version. */
export function etcDirectories(sysroot: Sysroot, deployment: Deployment): { original: string; modified: string } {
  const tree = sysroot.directory(deployment);
  return { original: join(tree, "usr/etc"), modified: join(tree, "etc") };
}

/** @param below only these paths, relative to /etc, and what is in them; none: all */
export function etcDrift(sysroot: Sysroot, deployment: Deployment, below: readonly string[] = []): EtcDrift[] {
  const directories = etcDirectories(sysroot, deployment);
  const kept = readKept(directories.modified);
  return diffEtc(directories.original, directories.modified)
    .filter(({ path }) => below.length === 0 || below.some((parent) => isBelow(path, parent)))
    .map(({ path, kind }) => ({ path, kind, kept: isKept(path, kept) }));
}

export function isBelow(path: string, parent: string): boolean {
  return parent === "" || path === parent || path.startsWith(`${parent}/`);
}

/**
 * What becomes of the changes when the version boots that is to boot next, or that was downloaded; undefined when there is
 * none, or its defaults are not here.
 */
export function pendingEtc(sysroot: Sysroot): EtcForecast | undefined {
  const merge = sysroot.booted ?? sysroot.deployments.find(({ staged }) => !staged);
  if (merge === undefined) return undefined;
  const { pending } = sysroot.pendingAndRollback(merge.stateroot);
  return pending === undefined ? undefined : forecastDeploymentEtc(sysroot, merge, pending.checksum);
}
