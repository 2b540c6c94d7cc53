// SPDX-License-Identifier: Apache-2.0
import { type DeployResult, deploy } from "./deploy.ts";
import type { KernelArgs } from "./kernel-args.ts";
import type { Deployment } from "./model.ts";
import { inheritedOrigin } from "./origin.ts";
import type { Finalizer } from "./stage-deployment.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * Makes a new deployment of the same commit with other kernel arguments, so that the old ones can be gone back to
 * (rpm-ostree's `kargs`).
 * @param stage as in `deploy`
 */
export async function setKernelArgs(
  sysroot: Sysroot,
  of: Deployment,
  kernelArgs: KernelArgs,
  options: { stage?: boolean; startFinalizer?: Finalizer } = {},
): Promise<DeployResult> {
  return deploy(sysroot, {
    stateroot: of.stateroot,
    rev: of.checksum,
    kernelArgs,
    ...(of.origin === undefined ? {} : { origin: inheritedOrigin(of.origin) }),
    ...options,
  });
}
