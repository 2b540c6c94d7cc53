// SPDX-License-Identifier: Apache-2.0
/**
 * What was applied to the running system without a reboot, kept as rpm-ostree does (its live.rs): a stamp in /run, which a
 * reboot takes away with the overlay, and two refs, which also keep the commits from being pruned.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { makeDirectories, writeFileAtomic } from "../../base/index.ts";
import { type Checksum, Transaction } from "../../ostree/index.ts";
import { type Deployment, runStatePath } from "../model.ts";
import type { Sysroot } from "../sysroot.ts";

export interface LiveState {
  /** What /usr of the running system has; undefined: that of the booted deployment, or a mixture. */
  readonly commit: Checksum | undefined;
  /** What it is being made to have; still there later: that was interrupted. */
  readonly inProgress: Checksum | undefined;
}

const stampName = "rpmostree-is-live.stamp";
const liveRef = "rpmostree/live-apply";
const inProgressRef = "rpmostree/live-apply-inprogress";

/** Undefined: nothing was applied since the boot. */
export function readLiveState({ repo, running }: Sysroot, deployment: Deployment): LiveState | undefined {
  if (!deployment.booted || running === undefined) return undefined;
  if (!existsSync(join(running.run, runStatePath(deployment), stampName))) return undefined;
  return { commit: repo.tryResolve(liveRef), inProgress: repo.tryResolve(inProgressRef) };
}

/** The caller holds the lock. */
export function writeLiveState(sysroot: Sysroot, deployment: Deployment, state: LiveState): void {
  const { repo, running } = sysroot;
  if (running === undefined) return;
  using transaction = Transaction.begin(repo);
  transaction.setRef(liveRef, state.commit);
  transaction.setRef(inProgressRef, state.inProgress);
  transaction.commit();
  const directory = join(running.run, runStatePath(deployment));
  makeDirectories(directory);
  writeFileAtomic(join(directory, stampName), "", { durable: false });
}

/** After a reboot the refs are left over (`applylive_sync_ref`). */
export function dropOldLiveRefs(sysroot: Sysroot): void {
  const { repo, booted } = sysroot;
  if (booted === undefined || readLiveState(sysroot, booted) !== undefined) return;
  const present = repo.listRefs();
  const left = [liveRef, inProgressRef].filter((ref) => present.has(ref));
  if (left.length === 0) return;
  using transaction = Transaction.begin(repo);
  for (const ref of left) transaction.setRef(ref, undefined);
  transaction.commit();
}
