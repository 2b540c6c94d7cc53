// SPDX-License-Identifier: Apache-2.0
/** What must go when a deployment does not fit: other versions, the oldest first, never what runs. */
import { lstatSync } from "node:fs";
import { type Checksum, Reachable, reachableTypes } from "../ostree/index.ts";
import { cleanSysroot } from "./cleanup.ts";
import { commitVersion } from "./commit-metadata.ts";
import { hostError } from "./errors.ts";
import { type Deployment, deploymentId, sameDeployment } from "./model.ts";
import { pruneSysroot } from "./images.ts";
import { formatSize } from "./space.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeDeployments } from "./write-deployments.ts";

export interface RoomRequest {
  /** The commit that is to be deployed. */
  readonly checksum: Checksum;
  /** Stays besides the booted deployment and the pinned ones. */
  readonly needed: Deployment | undefined;
  /** False: nothing is removed, and the error says what would have to go and what that would free. */
  readonly allowed: boolean;
}

/**
 * Removes one deployment after the other until `check`, which throws `host-no-space`, is content. The caller holds the lock.
 * @returns what was removed
 */
export function ensureRoom(sysroot: Sysroot, check: () => void, request: RoomRequest): Deployment[] {
  const removed: Deployment[] = [];
  for (;;) {
    try {
      check();
      return removed;
    } catch (error) {
      if (!hostError.is(error, "no-space")) throw error;
      const [oldest, ...others] = removable(sysroot, request.needed);
      if (oldest === undefined) throw error;
      if (!request.allowed) throw offer(sysroot, error, [oldest, ...others]);
      removeOne(sysroot, oldest, request.checksum);
      removed.push(oldest);
    }
  }
}

/** The last in the boot order is the oldest. */
function removable({ deployments }: Sysroot, needed: Deployment | undefined): Deployment[] {
  return deployments
    .filter(({ booted, pinned, staged }) => !booted && !pinned && !staged)
    .filter((_, index) => index > 0 || deployments.some(({ booted }) => booted))
    .filter((deployment) => !sameDeployment(deployment, needed))
    .toReversed();
}

function offer(sysroot: Sysroot, cause: Error, list: readonly Deployment[]) {
  const named = list.map((deployment) => {
    const name = commitVersion(sysroot.repo, deployment.checksum) ?? deploymentId(deployment).slice(0, 12);
    return `${name} (${formatSize(freedBy(sysroot, deployment))})`;
  });
  return hostError("no-space", cause.message, {
    cause,
    hint: `--make-room  removes other versions, the oldest first, until it fits: ${named.join(", ")}`,
  });
}

/** Bytes of the objects that no other deployment has. Branches may hold on to some of them. */
function freedBy({ repo, deployments }: Sysroot, deployment: Deployment): number {
  const others = reach(
    repo,
    new Set(deployments.map(({ checksum }) => checksum).filter((checksum) => checksum !== deployment.checksum)),
  );
  const own = reach(repo, new Set([deployment.checksum]));
  let bytes = 0;
  for (const type of reachableTypes)
    for (const checksum of own.objects[type])
      if (!others.objects[type].has(checksum)) bytes += lstatSync(repo.objectPath(checksum, type)).blocks * 512;
  return bytes;
}

function reach(repo: Sysroot["repo"], commits: ReadonlySet<Checksum>): Reachable {
  const reachable = new Reachable(repo, { onUnreadable: () => {}, partialToo: true });
  for (const commit of commits) if (repo.has(commit, "commit")) reachable.addCommit(commit, 0);
  return reachable;
}

/** Of the kind that a clean-up removes when it is left over: it holds the commit while its branch may be another's. */
const holdingRef = "ostree/0/0/999";

function removeOne(sysroot: Sysroot, unwanted: Deployment, held: Checksum): void {
  const { repo } = sysroot;
  const kept = sysroot.deployments.filter((deployment) => !sameDeployment(deployment, unwanted));
  writeDeployments(sysroot, kept);
  cleanSysroot(sysroot);
  repo.setRef(holdingRef, held);
  pruneSysroot(sysroot, { keepImages: true });
  repo.setRef(holdingRef, undefined);
}
