// SPDX-License-Identifier: Apache-2.0
/**
 * A machine as it was when it was new. /etc alone: a deployment of the same version whose /etc is the version's own. /etc
 * and /var: one in a stateroot of its own, whose /var is empty (bootc's `install reset`). Both are gone back from by
 * `rollback` until what was is cleaned up.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ProgressListener, silent } from "../base/index.ts";
import { deploy, type DeployRequest, type DeployResult } from "./deploy.ts";
import { keptByFactoryReset } from "./etc/keep.ts";
import { initStateroot } from "./init.ts";
import { inheritedOrigin } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeTracked } from "./tracked-initrd.ts";
import { currentDeployment } from "./update.ts";

export interface FactoryResetRequest extends Pick<DeployRequest, "stage" | "startFinalizer"> {
  readonly stateroot?: string;
  readonly what: "etc" | "all";
}

/** Of /etc nothing is taken over but what finds and opens the disks; kernel arguments and origin stay. */
export async function factoryReset(
  sysroot: Sysroot,
  { stateroot, what, stage, startFinalizer }: FactoryResetRequest,
  progress: ProgressListener = silent,
): Promise<DeployResult> {
  using _lock = await sysroot.lock();
  const current = currentDeployment(sysroot, stateroot);
  const from = sysroot.mergeDeployment(current.stateroot) ?? current;
  const target = what === "etc" ? current.stateroot : freeStateroot(sysroot, current.stateroot);
  if (what === "all") initStateroot(sysroot.path, target);
  const origin = current.origin === undefined ? undefined : inheritedOrigin(current.origin);
  if (origin !== undefined) writeTracked(origin, []);
  return deploy(
    sysroot,
    {
      stateroot: target,
      rev: current.checksum,
      kernelArgs: current.kernelArgs,
      ...(origin === undefined ? {} : { origin }),
      merge: false,
      etcFiles: { from, paths: keptByFactoryReset },
      retain: { rollback: true },
      stage: stage ?? sysroot.booted !== undefined,
      ...(startFinalizer === undefined ? {} : { startFinalizer }),
    },
    progress,
  );
}

/** NAME.2, NAME.3, ... */
function freeStateroot({ path }: Sysroot, name: string): string {
  const base = name.replace(/\.\d+$/, "");
  for (let number = 2; ; number++)
    if (!existsSync(join(path, "ostree/deploy", `${base}.${number}`))) return `${base}.${number}`;
}
