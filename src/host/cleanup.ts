// SPDX-License-Identifier: Apache-2.0
import { rmSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, lstatIfExists, removeIfExists, removeTree, setImmutable } from "../base/index.ts";
import { Transaction } from "../ostree/index.ts";
import { bootDirectory } from "./boot-entries.ts";
import { flip, otherBootVersions } from "./boot-version.ts";
import { dropOldLiveRefs } from "./live/live-state.ts";
import {
  backingPath,
  type DeploymentName,
  deploymentId,
  deploymentPath,
  originPath,
  parseDeploymentId,
} from "./model.ts";
import { setBaseRefs } from "./layers/refs.ts";
import { removeOldOverlays } from "./overlay-initrds.ts";
import { bootedDirectoryId, directoryId } from "./running.ts";
import type { Sysroot } from "./sysroot.ts";

export interface CleanupResult {
  /** Deployments removed, as `STATEROOT CHECKSUM.SERIAL`. */
  readonly deployments: readonly string[];
  /** Kernel sets removed from boot. */
  readonly bootDirectories: readonly string[];
}

/**
 * Removes what no boot entry leads to: half-made and dropped deployments, kernel sets, links of other boot versions; and
 * sets the refs that keep the commits of the deployments (`_ostree_sysroot_cleanup_internal`). Objects stay until the
 * repository is pruned. The caller holds the lock and has reloaded.
 */
export function cleanSysroot(sysroot: Sysroot): CleanupResult {
  removeOtherVersions(sysroot);
  const deployments = removeOldDeployments(sysroot);
  const bootDirectories = removeOldKernels(sysroot);
  removeOldOverlays(sysroot.boot, new Set(sysroot.deployments.flatMap(({ overlayInitrds }) => overlayInitrds)));
  setDeploymentRefs(sysroot);
  dropOldLiveRefs(sysroot);
  setBaseRefs(sysroot);
  return { deployments, bootDirectories };
}

function removeOtherVersions({ path, boot, bootVersion }: Sysroot): void {
  const other = flip(bootVersion.version);
  removeTree(join(boot, `loader.${other}`));
  removeIfExists(join(boot, "loader.tmp"));
  removeIfExists(join(path, `ostree/boot.${other}`));
  for (const { version, sub } of otherBootVersions(bootVersion))
    removeTree(join(path, `ostree/boot.${version}.${sub}`));
  for (const version of [0, 1]) removeIfExists(join(path, `ostree/boot.${version}.tmp`));
}

function removeOldDeployments(sysroot: Sysroot): string[] {
  const active = new Set(sysroot.deployments.map(deploymentPath));
  const removed: string[] = [];
  for (const name of listDeploymentDirectories(sysroot.path)) {
    if (active.has(deploymentPath(name)) || isRunning(sysroot, name)) continue;
    removeDeploymentFiles(sysroot.path, name);
    removed.push(`${name.stateroot} ${deploymentId(name)}`);
  }
  removeOrphans(sysroot, active);
  return removed;
}

/** All deployments on disk, whether anything leads to them or not. */
export function listDeploymentDirectories(path: string): DeploymentName[] {
  const stateroots = listDirectory(join(path, "ostree/deploy"));
  return stateroots.flatMap((stateroot) =>
    listDirectory(join(path, "ostree/deploy", stateroot, "deploy")).flatMap((name) => {
      const id = parseDeploymentId(name);
      return id === undefined ? [] : [{ stateroot, ...id }];
    }),
  );
}

/** Never remove the ground under the running system, whatever the boot entries say. */
function isRunning(sysroot: Sysroot, name: DeploymentName): boolean {
  if (sysroot.running === undefined) return false;
  return directoryId(sysroot.directory(name)) === bootedDirectoryId(sysroot.running);
}

/** The directory goes last: as long as it is there, the next clean-up finds the rest. */
export function removeDeploymentFiles(path: string, name: DeploymentName): void {
  const directory = join(path, deploymentPath(name));
  if (lstatIfExists(directory) !== undefined) setImmutable(directory, false);
  removeTree(join(path, backingPath(name)));
  removeIfExists(join(path, originPath(name)));
  removeTree(directory);
}

/** Origin files without a deployment, and temporary files of writers that were killed. */
function removeOrphans(sysroot: Sysroot, active: ReadonlySet<string>): void {
  for (const stateroot of listDirectory(join(sysroot.path, "ostree/deploy"))) {
    const directory = `ostree/deploy/${stateroot}/deploy`;
    for (const name of listDirectory(join(sysroot.path, directory))) {
      const match = /^\.?([0-9a-f]{64}\.[0-9]+)\.origin(\.[0-9a-f]+)?$/.exec(name);
      if (match === null) continue;
      const temporary = name.startsWith(".");
      if (temporary || !active.has(`${directory}/${match[1]}`)) removeIfExists(join(sysroot.path, directory, name));
    }
  }
}

/** Removes the kernel sets that no deployment needs. */
export function removeOldKernels(sysroot: Sysroot): string[] {
  const directory = join(sysroot.boot, "ostree");
  const active = new Set(sysroot.deployments.map((deployment) => bootDirectory(deployment)));
  const removed: string[] = [];
  for (const name of listDirectory(directory)) {
    if (!/-[0-9a-f]{64}$/.test(name)) continue;
    if (active.has(`ostree/${name}`)) removeTemporaries(join(directory, name));
    else {
      rmSync(join(directory, name), { recursive: true, force: true });
      removed.push(name);
    }
  }
  return removed;
}

function removeTemporaries(directory: string): void {
  for (const name of listDirectory(directory)) if (name.startsWith(".tmp-")) removeTree(join(directory, name));
}

/** `ostree/V/S/INDEX` refs keep deployed commits when the branch moves on (`generate_deployment_refs`). */
function setDeploymentRefs({ repo, bootVersion, deployments }: Sysroot): void {
  const prefix = `ostree/${bootVersion.version}/${bootVersion.sub}/`;
  const wanted = new Map(deployments.map(({ checksum }, index) => [`${prefix}${index}`, checksum]));
  const present = repo.listRefs();
  const changed = [...wanted].filter(([ref, checksum]) => present.get(ref) !== checksum);
  const unneeded = [...present.keys()].filter((ref) => deploymentRef.test(ref) && !wanted.has(ref));
  if (changed.length + unneeded.length === 0) return;
  using transaction = Transaction.begin(repo);
  for (const [ref, checksum] of changed) transaction.setRef(ref, checksum);
  for (const ref of unneeded) transaction.setRef(ref, undefined);
  transaction.commit();
}

const deploymentRef = /^ostree\/[01]\/[01]\/[0-9]+$/;
