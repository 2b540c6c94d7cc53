// SPDX-License-Identifier: Apache-2.0
import type { Sysroot } from "./sysroot.ts";
import { cleanSysroot } from "./cleanup.ts";
import { explainFullDisk } from "./space.ts";
import { writeDeployments } from "./write-deployments.ts";

/** Another program may take long for its change. */
const lockTimeoutMs = 600_000;

/**
 * Writes the boot menu anew, in the same order, when another program (stock ostree) left it without the part that GRUB
 * reads. False: there was nothing to do.
 */
export async function refreshMenu(sysroot: Sysroot): Promise<boolean> {
  using _lock = await sysroot.lock(lockTimeoutMs);
  const swap = await explainFullDisk(sysroot, () => writeDeployments(sysroot, sysroot.deployments));
  if (swap !== "none") cleanSysroot(sysroot);
  return swap !== "none";
}
