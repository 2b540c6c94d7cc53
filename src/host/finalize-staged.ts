// SPDX-License-Identifier: Apache-2.0
/**
 * What the service does at shutdown: the staged deployment gets the present /etc and becomes the default
 * (`_ostree_sysroot_finalize_staged`). A failure is left in `boot/ostree/finalize-failure.stamp`, where it survives the
 * reboot and `status` shows it; libostree's ostree-boot-complete.service reads the same file.
 */
import { dirname, join } from "node:path";
import { makeDirectories, readTextIfExists, removeIfExists, writeFileAtomic } from "../base/index.ts";
import { cleanSysroot } from "./cleanup.ts";
import { hostError } from "./errors.ts";
import { type FinalEtc, finalizeDeployment } from "./finalize.ts";
import type { EtcMergeOptions } from "./merge-etc.ts";
import { type Deployment, deploymentId, sameDeployment } from "./model.ts";
import { planDeployments, type RetainOptions } from "./retain.ts";
import { retainPolicy } from "./retention.ts";
import { explainFullDisk } from "./space.ts";
import { readStaged, removeStaged, type StagedState, writeStaged } from "./staged.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeDeployments } from "./write-deployments.ts";

const stampPath = (sysroot: string) => join(sysroot, "boot/ostree/finalize-failure.stamp");

export interface FinalizeResult {
  /** Undefined: nothing was staged, or it is locked. */
  readonly deployment: Deployment | undefined;
  readonly etc: FinalEtc | undefined;
  readonly locked: boolean;
}

/** Finalizes what is staged, if anything. Takes the lock. */
export async function finalizeStaged(
  sysroot: Sysroot,
  conflicts?: EtcMergeOptions["conflicts"],
): Promise<FinalizeResult> {
  using _lock = await sysroot.lock(120_000);
  const state = sysroot.running === undefined ? undefined : readStaged(sysroot.running.run);
  const staged = sysroot.staged;
  if (sysroot.running === undefined || state === undefined || staged === undefined || state.locked) {
    return { deployment: undefined, etc: undefined, locked: state?.locked ?? false };
  }
  try {
    // Gone before the merge begins: a half-merged deployment must not be tried a second time.
    removeStaged(sysroot.running.run);
    const result = await explainFullDisk(sysroot, () => finalize(sysroot, staged, state, conflicts));
    clearFinalizeFailure(sysroot.path);
    return { ...result, locked: false };
  } catch (error) {
    leaveStamp(sysroot.path, error);
    throw error;
  }
}

async function finalize(
  sysroot: Sysroot,
  staged: Deployment,
  state: StagedState,
  conflicts: EtcMergeOptions["conflicts"],
): Promise<{ deployment: Deployment; etc: FinalEtc }> {
  const merge = mergeDeployment(sysroot, state);
  const target: Deployment = {
    ...staged,
    staged: false,
    origin: staged.origin ?? merge?.origin,
  };
  const retain = retainWhatCan(sysroot, target.stateroot);
  const etc = await finalizeDeployment(sysroot, target, merge, conflicts);
  writeDeployments(sysroot, planDeployments(sysroot.deployments, target, merge, retain));
  cleanSysroot(sysroot);
  return { deployment: sysroot.find(target), etc };
}

/** At shutdown nobody can mend a wrong configuration, which was told when it was staged: the update counts. */
function retainWhatCan(sysroot: Sysroot, stateroot: string): RetainOptions {
  try {
    return retainPolicy(sysroot, stateroot);
  } catch {
    return {};
  }
}

function mergeDeployment(sysroot: Sysroot, { merge }: StagedState): Deployment | undefined {
  if (merge === undefined) return undefined;
  const found = sysroot.deployments.find((deployment) => sameDeployment(deployment, merge));
  if (found !== undefined) return found;
  throw hostError("bad-sysroot", `deployment ${deploymentId(merge)}, whose /etc was to be merged, is gone`);
}

function leaveStamp(sysroot: string, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  try {
    makeDirectories(dirname(stampPath(sysroot)));
    writeFileAtomic(stampPath(sysroot), `${text}\n`);
  } catch (cause) {
    throw hostError("finalize-failed", `${text} (and this could not be noted in boot)`, { cause });
  }
}

/** Why the last finalization failed, if it did. */
export function finalizeFailure(sysroot: string): string | undefined {
  return readTextIfExists(stampPath(sysroot))?.trim();
}

/** Forgets that a finalization failed: a newer change succeeded. */
export function clearFinalizeFailure(sysroot: string): void {
  removeIfExists(stampPath(sysroot));
}

/** Lets a staged deployment become the default at shutdown, or holds it back (`ostree_sysroot_change_finalization`). */
export async function lockFinalization(sysroot: Sysroot, locked: boolean): Promise<void> {
  using _lock = await sysroot.lock();
  const state = sysroot.running === undefined ? undefined : readStaged(sysroot.running.run);
  if (sysroot.running === undefined || state === undefined) throw hostError("no-deployment", "nothing is staged");
  writeStaged(sysroot.running.run, { ...state, locked });
  sysroot.reload();
}
