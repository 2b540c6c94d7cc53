// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { type ProgressListener, removeTree, silent } from "../base/index.ts";
import { cleanTemporary } from "../ostree/index.ts";
import { cleanSysroot } from "./cleanup.ts";
import { trimPackageRefs } from "./layers/refs.ts";
import { type Deployment, listDeploymentNames } from "./model.ts";
import { pruneSysroot } from "./images.ts";
import type { PruneReport } from "./prune-repository.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeDeployments } from "./write-deployments.ts";

export interface CleanupRequest {
  /** Default: the booted one, else that of the first deployment. */
  readonly stateroot?: string;
  /** Remove staged and pending deployments. */
  readonly pending?: boolean;
  /** Remove those behind the booted one. Pinned ones stay. */
  readonly rollback?: boolean;
  /** Remove cached metadata of package repositories, ours and rpm-ostree's. */
  readonly repomd?: boolean;
}

/** Below the stateroot's /var. */
const repomdCaches = ["cache/rpm-ostree/repomd", "cache/atomic/repomd"];

export interface CleanupReport extends PruneReport {
  /** Deployments that were removed, as `STATEROOT CHECKSUM.SERIAL`. */
  readonly deployments: readonly string[];
  /** Kernel sets that were removed from boot. */
  readonly bootDirectories: readonly string[];
}

/**
 * Removes deployments as asked, whatever nothing leads to any more, and the objects that nothing needs (rpm-ostree's
 * `cleanup -b -p -r`). The booted deployment, pinned ones and other stateroots always stay.
 */
export async function cleanup(
  sysroot: Sysroot,
  request: CleanupRequest,
  progress: ProgressListener = silent,
): Promise<CleanupReport> {
  using _lock = await sysroot.lock();
  const before = listDeploymentNames(sysroot.deployments);
  writeDeployments(sysroot, keptDeployments(sysroot, request));
  const cleaned = cleanSysroot(sysroot);
  cleanTemporary(sysroot.repo);
  const after = new Set(listDeploymentNames(sysroot.deployments));
  const removed = new Set([...before.filter((name) => !after.has(name)), ...cleaned.deployments]);
  if (request.repomd === true)
    for (const cache of repomdCaches)
      removeTree(join(sysroot.path, "ostree/deploy", sysroot.stateroot(request.stateroot), "var", cache));
  trimPackageRefs(sysroot);
  const pruned = pruneSysroot(sysroot, {}, progress);
  return { ...pruned, deployments: [...removed], bootDirectories: cleaned.bootDirectories };
}

/** The booted deployment divides pending from rollback; on a root that does not run, the first one does. */
function keptDeployments(sysroot: Sysroot, request: CleanupRequest): Deployment[] {
  const list = sysroot.deployments;
  const own = (deployment: Deployment) => request.stateroot === undefined || deployment.stateroot === request.stateroot;
  const booted = list.findIndex((deployment) => deployment.booted && own(deployment));
  const at = booted < 0 ? list.findIndex((deployment) => !deployment.staged && own(deployment)) : booted;
  const stateroot = list[at]?.stateroot;
  return list.filter((deployment, index) => {
    if (index === at || deployment.pinned || deployment.stateroot !== stateroot) return true;
    return index < at ? request.pending !== true : request.rollback !== true;
  });
}
