// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import { cleanSysroot } from "./cleanup.ts";
import { type DeploymentName, sameDeployment } from "./model.ts";
import { pruneSysroot } from "./images.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeDeployments } from "./write-deployments.ts";

/** Removes one deployment and what only it needed (`ostree admin undeploy`). The caller holds the lock. */
export function undeploy(sysroot: Sysroot, unwanted: DeploymentName, progress: ProgressListener = silent): void {
  writeDeployments(
    sysroot,
    sysroot.deployments.filter((deployment) => !sameDeployment(deployment, unwanted)),
  );
  cleanSysroot(sysroot);
  pruneSysroot(sysroot, {}, progress);
}
