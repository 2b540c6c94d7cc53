// SPDX-License-Identifier: Apache-2.0
/**
 * A boot file system that has no room for the new kernel beside the old ones, but would have when those are gone that no
 * deployment of the new list needs: these go first, in a step of their own (`auto_early_prune_old_deployments`).
 */
import { join } from "node:path";
import { lstatIfExists } from "../base/index.ts";
import { bootDirectory } from "./boot-entries.ts";
import { kernelSetSize } from "./install-kernel.ts";
import { findKernel } from "./kernel-layout.ts";
import type { Deployment } from "./model.ts";
import { availableSpace, reclaimableBytes } from "./space.ts";
import type { Sysroot } from "./sysroot.ts";

/** Kept for boot entries and what else is written (EARLY_PRUNE_SAFETY_MARGIN_SIZE). */
const margin = 1 << 20;

/**
 * The deployments to go on with before `wanted` is written; undefined: no need, or no help. What is being provisioned is
 * left alone, as is a boot directory on the root file system, where kernels are hard links.
 */
export function planEarlyPrune(sysroot: Sysroot, wanted: readonly Deployment[]): readonly Deployment[] | undefined {
  if (sysroot.booted === undefined || sysroot.flags.noEarlyPrune || !sysroot.bootIsSeparate) return undefined;
  const { boot } = sysroot;
  const { bytes, blockSize } = availableSpace(boot);
  const missing = new Map(
    wanted
      .filter((deployment) => lstatIfExists(join(boot, bootDirectory(deployment))) === undefined)
      .map((deployment) => [bootDirectory(deployment), deployment]),
  );
  const sizes = [...missing.values()].map((deployment) =>
    kernelSetSize(boot, findKernel(sysroot.directory(deployment), sysroot.flags), deployment, blockSize),
  );
  const need = sizes.reduce((sum, size) => sum + size, 0);
  if (need === 0 || need + margin <= bytes) return undefined;
  if (need + margin > bytes + reclaimableBytes(sysroot, wanted)) return undefined;
  const needed = new Set(wanted.map(bootDirectory));
  return sysroot.deployments.filter(({ staged, ...deployment }) => !staged && needed.has(bootDirectory(deployment)));
}
