// SPDX-License-Identifier: Apache-2.0
import { type DeployRequest, type DeployResult, deploy } from "./deploy.ts";
import type { KernelArgs } from "./kernel-args.ts";
import type { Deployment } from "./model.ts";
import { inheritedOrigin } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * Makes a new deployment of the same commit with other kernel arguments, so that the old ones can be gone back to
 * (rpm-ostree's `kargs`).
 */
export async function setKernelArgs(
  sysroot: Sysroot,
  of: Deployment,
  kernelArgs: KernelArgs,
  options: Pick<DeployRequest, "stage" | "lockFinalization" | "startFinalizer"> = {},
): Promise<DeployResult> {
  return deploy(sysroot, {
    stateroot: of.stateroot,
    rev: of.checksum,
    kernelArgs,
    ...(of.origin === undefined ? {} : { origin: inheritedOrigin(of.origin) }),
    ...options,
  });
}
