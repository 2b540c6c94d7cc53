// SPDX-License-Identifier: Apache-2.0
/**
 * Soft reboot: systemd starts the user space of another deployment under the running kernel, from what is mounted at
 * /run/nextroot (systemd-soft-reboot.service(8), `ostree_sysroot_deployment_set_soft_reboot`).
 */
import { join } from "node:path";
import { inMountNamespace } from "../base/index.ts";
import { cleanSysroot } from "./cleanup.ts";
import { hostError } from "./errors.ts";
import { formatKernelArgs } from "./kernel-args.ts";
import { type Deployment, deploymentPath, sameDeployment } from "./model.ts";
import { mountNextRoot } from "./next-root.ts";
import { machineMounts, resetSoftReboot, unmountNextRoot } from "./reset-soft-reboot.ts";
import { type Finalizer, startOstreeFinalizer } from "./stage-deployment.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeDeployments } from "./write-deployments.ts";

/** Whether a deployment has the kernel and the arguments that run (`ostree_sysroot_deployment_can_soft_reboot`). */
export function canSoftReboot({ booted }: Sysroot, target: Deployment): boolean {
  if (booted === undefined || booted.bootChecksum !== target.bootChecksum) return false;
  // What is staged without arguments of its own takes those of the booted deployment.
  if (target.staged && target.kernelArgs.length === 0) return true;
  return formatKernelArgs(booted.kernelArgs) === formatKernelArgs(target.kernelArgs);
}

/**
 * Prepares a deployment for the next soft reboot. Another one that is staged is dropped. The caller holds the lock.
 * @param target not the booted one
 */
export async function prepareSoftReboot(
  sysroot: Sysroot,
  target: Deployment,
  finalizer: Finalizer = startOstreeFinalizer,
): Promise<void> {
  sysroot.requireBooted();
  if (!canSoftReboot(sysroot, target))
    throw hostError("in-use", "Cannot soft-reboot to deployment with different kernel state");
  await finalizer();
  if (sysroot.staged !== undefined && !sameDeployment(sysroot.staged, target)) dropStaged(sysroot);
  resetSoftReboot(sysroot);
  try {
    inMountNamespace(machineMounts, () => mountNextRoot(join("/sysroot", deploymentPath(target))));
  } catch (error) {
    unmountNextRoot();
    throw error;
  }
  sysroot.touch();
  sysroot.reload();
}

/**
 * Readies a soft reboot into a deployment that was just made, where that can be (bootc's `--soft-reboot`).
 * @param how `required`: throws where it cannot; `auto`: false
 */
export async function readySoftReboot(
  sysroot: Sysroot,
  target: Deployment,
  how: "auto" | "required",
  prepare = prepareSoftReboot,
): Promise<boolean> {
  using _lock = await sysroot.lock();
  if (how === "auto" && (sysroot.booted === undefined || target.booted || !canSoftReboot(sysroot, target)))
    return false;
  try {
    await prepare(sysroot, sysroot.find(target));
    return true;
  } catch (error) {
    // The new version does not boot by composefs, or its program is missing.
    if (how === "auto" && hostError.is(error, "bad-tree")) return false;
    throw error;
  }
}

function dropStaged(sysroot: Sysroot): void {
  writeDeployments(
    sysroot,
    sysroot.deployments.filter(({ staged }) => !staged),
  );
  cleanSysroot(sysroot);
}
