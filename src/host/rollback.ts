// SPDX-License-Identifier: Apache-2.0
import { hostError } from "./errors.ts";
import { cleanSysroot } from "./cleanup.ts";
import { type Deployment, sameDeployment } from "./model.ts";
import { explainFullDisk } from "./space.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeDeployments } from "./write-deployments.ts";

export interface RollbackResult {
  /** What boots next. */
  readonly next: Deployment;
  /** What would have booted next without this. */
  readonly before: Deployment;
}

/**
 * Makes another deployment the default: the pending one is taken back when there is one, else the one behind the booted
 * (rpm-ostree's `rollback`). Done twice, it is undone. What is staged is dropped. /var is not touched.
 * @param wanted any other deployment that is kept, to go back further
 */
export async function rollback(sysroot: Sysroot, wanted?: Deployment): Promise<RollbackResult> {
  using _lock = await sysroot.lock();
  const list = sysroot.deployments.filter((deployment) => !deployment.staged);
  const [before] = list;
  const next = wanted === undefined ? rollbackTarget(sysroot, list) : sysroot.find(wanted);
  if (next?.staged === true)
    throw hostError("no-rollback", "a staged deployment boots next anyway", { hint: "atomic host status" });
  if (before === undefined || next === undefined) {
    throw hostError("no-rollback", "there is no other deployment to go back to", { hint: "atomic host status" });
  }
  return explainFullDisk(sysroot, () => makeDefault(sysroot, next, sysroot.staged ?? before));
}

function rollbackTarget(sysroot: Sysroot, list: readonly Deployment[]): Deployment | undefined {
  const booted = sysroot.booted;
  const own = list.filter(({ stateroot }) => stateroot === (booted ?? list[0])?.stateroot);
  // Staged or pending: going back means to stay with what runs.
  if (booted !== undefined && sysroot.staged !== undefined && sameDeployment(own[0], booted)) return booted;
  if (booted !== undefined && !sameDeployment(own[0], booted)) return booted;
  return own[1];
}

/** Puts one deployment first (`ostree admin set-default`). The caller holds the lock. */
export function makeDefault(sysroot: Sysroot, next: Deployment, before: Deployment): RollbackResult {
  const list = sysroot.deployments.filter((deployment) => !deployment.staged);
  writeDeployments(sysroot, [next, ...list.filter((deployment) => !sameDeployment(deployment, next))]);
  sysroot.reload();
  cleanSysroot(sysroot);
  return { next: sysroot.find(next), before };
}
