// SPDX-License-Identifier: Apache-2.0
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { copyAttributes, makeDirectories, removeIfExists, setImmutable } from "../base/index.ts";
import { type EtcMerge, type EtcMergeOptions, mergeEtc } from "./merge-etc.ts";
import { backingPath, type Deployment } from "./model.ts";
import { writeOrigin } from "./origin.ts";
import { labelNewVar } from "./relabel.ts";
import { type PolicyState, refreshPolicy } from "./refresh-policy.ts";
import type { Sysroot } from "./sysroot.ts";

/** What became of /etc. */
export interface FinalEtc extends EtcMerge {
  /** Of the SELinux policy, which is in /etc. */
  readonly policy: PolicyState;
}

/**
 * The last steps before a checked-out deployment can be booted: /etc merged, origin written, root sealed
 * (`sysroot_finalize_deployment`).
 * @param merge whose changes to /etc are taken over
 * @param conflicts what becomes of changes that cannot be
 */
export async function finalizeDeployment(
  sysroot: Sysroot,
  deployment: Deployment,
  merge: Deployment | undefined,
  conflicts: EtcMergeOptions["conflicts"] = "save",
): Promise<FinalEtc> {
  const tree = sysroot.directory(deployment);
  const merged = merge === undefined ? nothingMerged : mergeFrom(sysroot, sysroot.directory(merge), tree, conflicts);
  const policy = await refreshPolicy(tree, merged.paths);
  // systemd then runs its ConditionNeedsUpdate= services once in the new version (systemd.unit(5)).
  removeIfExists(join(tree, "etc/.updated"));
  for (const directory of varDirectories(sysroot, deployment)) removeIfExists(join(directory, ".updated"));
  labelNewVar(sysroot, deployment);
  makeBacking(sysroot, deployment);
  if (deployment.origin !== undefined) writeOrigin(sysroot.path, deployment, deployment.origin);
  // Not on all file systems; ostree-prepare-root makes / read-only where it can.
  if (!sysroot.flags.mutableDeployments) setImmutable(tree, true);
  return { ...merged, policy };
}

/** On the machine that runs this stateroot /var may be a file system of its own (`get_var_dfd`). */
function varDirectories({ path, booted, running }: Sysroot, { stateroot }: Deployment): string[] {
  const own = join(path, "ostree/deploy", stateroot, "var");
  return running !== undefined && booted?.stateroot === stateroot ? [own, join(running.root, "var")] : [own];
}

const nothingMerged: EtcMerge = { modified: 0, removed: 0, added: 0, conflicts: [], paths: [] };

function mergeFrom(
  sysroot: Sysroot,
  from: string,
  to: string,
  conflicts: EtcMergeOptions["conflicts"] = "save",
): EtcMerge {
  const source = { original: join(from, "usr/etc"), modified: join(from, "etc"), target: join(to, "etc") };
  return mergeEtc(source, {
    conflicts,
    withoutXattrs: sysroot.flags.withoutXattrs,
    onChanges: ({ modified, removed, added }) =>
      sysroot.onMessage(`Copying /etc changes: ${modified} modified, ${removed} removed, ${added} added`),
  });
}

/** Overlay directories that ostree-prepare-root needs when `root.transient` is set (`sysroot_initialize_deployment_backing`). */
function makeBacking(sysroot: Sysroot, deployment: Deployment): void {
  const overlay = join(sysroot.path, backingPath(deployment), "root-transient");
  makeDirectories(join(overlay, "work"), 0o700);
  makeDirectories(join(overlay, "upper"));
  const tree = sysroot.directory(deployment);
  copyAttributes(tree, lstatSync(tree), join(overlay, "upper"));
}
