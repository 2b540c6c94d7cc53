// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../base/index.ts";
import type { Keyfile } from "../formats/index.ts";
import type { Checksum } from "../ostree/index.ts";
import { deploy, type DeployRequest, type DeployResult } from "./deploy.ts";
import type { Deployment } from "./model.ts";
import type { Sysroot } from "./sysroot.ts";

/** How what is to boot next comes to do so. */
export type Deploying = Pick<DeployRequest, "stage" | "lockFinalization" | "startFinalizer">;

/** The present version, or what is made of it here. */
export interface Redeployed {
  readonly rev: Checksum;
  readonly origin: Keyfile;
}

/** Deploys for the stateroot of `current` with its kernel arguments; on a running host staged, unless asked otherwise. */
export function redeploy(
  sysroot: Sysroot,
  current: Deployment,
  { rev, origin }: Redeployed,
  { stage, lockFinalization, startFinalizer }: Deploying,
  progress: ProgressListener,
): Promise<DeployResult> {
  const { stateroot, kernelArgs } = current;
  const request: DeployRequest = {
    stateroot,
    rev,
    kernelArgs,
    origin,
    stage: stage ?? sysroot.booted !== undefined,
    ...(lockFinalization === undefined ? {} : { lockFinalization }),
    ...(startFinalizer === undefined ? {} : { startFinalizer }),
  };
  return deploy(sysroot, request, progress);
}
