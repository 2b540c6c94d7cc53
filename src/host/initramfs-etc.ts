// SPDX-License-Identifier: Apache-2.0
/**
 * Files of /etc that the initramfs has to have as they are on this machine: each deployment gets a small initramfs of
 * them, which the boot loader loads after the version's own (rpm-ostree's `initramfs-etc`).
 */
import { type ProgressListener, silent } from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import type { DeployResult } from "./deploy.ts";
import { inheritedOrigin } from "./origin.ts";
import { type Deploying, redeploy } from "./redeploy.ts";
import type { Sysroot } from "./sysroot.ts";
import { trackedFiles, writeTracked } from "./tracked-initrd.ts";
import { currentDeployment } from "./update.ts";

export interface TrackRequest extends Deploying {
  readonly stateroot?: string;
  readonly track?: readonly string[];
  readonly untrack?: readonly string[];
  readonly untrackAll?: boolean;
  /** Make a deployment with the files as they are now, though the list stays. */
  readonly forceSync?: boolean;
}

/** Changes which files are tracked; a new deployment of the same version has them. Undefined: nothing was to change. */
export async function trackInInitramfs(
  sysroot: Sysroot,
  request: TrackRequest,
  progress: ProgressListener = silent,
): Promise<DeployResult | undefined> {
  using _lock = await sysroot.lock();
  const current = currentDeployment(sysroot, request.stateroot);
  const origin = current.origin === undefined ? Keyfile.empty() : inheritedOrigin(current.origin);
  const before = trackedFiles(origin);
  const untracked = request.untrackAll === true ? [] : before.filter((path) => !request.untrack?.includes(path));
  const files = [...new Set([...untracked, ...(request.track ?? [])])].toSorted();
  if (files.join("\n") === before.toSorted().join("\n") && request.forceSync !== true) return undefined;
  writeTracked(origin, files);
  return redeploy(sysroot, current, { rev: current.checksum, origin }, request, progress);
}
