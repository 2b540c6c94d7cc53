// SPDX-License-Identifier: Apache-2.0
import { run } from "../base/index.ts";
import { cleanSysroot } from "./cleanup.ts";
import type { Deployment } from "./model.ts";
import { writeOrigin } from "./origin.ts";
import { writeStaged } from "./staged.ts";
import type { Sysroot } from "./sysroot.ts";

export type Finalizer = () => Promise<void>;

/** Starts the service whose stop, at shutdown, finalizes; if it cannot run, staging would silently do nothing. */
export const startFinalizer: Finalizer = async () => {
  await run("systemctl", ["start", "--quiet", "atomic-finalize-staged.service"]);
};

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
  if (deployment.origin !== undefined) writeOrigin(sysroot.path, deployment, deployment.origin, true);
  writeStaged(sysroot.running.run, { target: deployment, merge, kernelArgs: deployment.kernelArgs, locked });
  sysroot.touch();
  sysroot.reload();
  cleanSysroot(sysroot);
}
