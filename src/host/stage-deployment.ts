// SPDX-License-Identifier: Apache-2.0
import { run } from "../base/index.ts";
import { cleanSysroot } from "./cleanup.ts";
import type { Deployment } from "./model.ts";
import { writeOrigin } from "./origin.ts";
import { writeStaged } from "./staged.ts";
import { resetSoftReboot } from "./reset-soft-reboot.ts";
import type { Sysroot } from "./sysroot.ts";

export type Finalizer = () => Promise<void>;

/**
 * Starts the service whose stop, at shutdown, finalizes; if it cannot run, staging would silently do nothing. A machine
 * that another program has set up has libostree's alone, which finalizes what we staged as well.
 */
export const startFinalizer: Finalizer = async () => {
  const unit = "atomic-finalize-staged.service";
  if (await isInstalled(unit)) await startUnit(unit);
  else await startOstreeFinalizer();
};

/** As `startFinalizer`, by the unit that libostree has, whoever it runs (`_ostree_sysroot_ensure_finalize_staged_service`). */
export const startOstreeFinalizer: Finalizer = () => startUnit("ostree-finalize-staged.service");

async function startUnit(unit: string): Promise<void> {
  await run("systemctl", ["start", "--quiet", unit]);
}

async function isInstalled(unit: string): Promise<boolean> {
  const { stdout } = await run("systemctl", ["show", "--property=LoadState", "--value", unit]);
  return stdout.trim() !== "not-found";
}

/**
 * Records a checked-out deployment as the one that becomes the default at shutdown
 * (`ostree_sysroot_stage_tree_with_options`). An earlier staged one is dropped.
 */
export function stageDeployment(
  sysroot: Sysroot,
  deployment: Deployment,
  merge: Deployment | undefined,
  locked: boolean,
): void {
  sysroot.requireBooted();
  if (sysroot.running === undefined) return;
  resetSoftReboot(sysroot);
  if (deployment.origin !== undefined) writeOrigin(sysroot.path, deployment, deployment.origin, true);
  const extra = deployment.extraFields.length > 0 ? deployment.extraFields : (merge?.extraFields ?? []);
  writeStaged(sysroot.running.run, {
    target: deployment,
    merge,
    kernelArgs: deployment.kernelArgs,
    overlayInitrds: deployment.overlayInitrds,
    extraFields: extra,
    locked,
  });
  sysroot.touch();
  sysroot.reload();
  cleanSysroot(sysroot);
}
