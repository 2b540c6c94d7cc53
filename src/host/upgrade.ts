// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import { inheritedOrigin } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";
import {
  applyUpdate,
  currentDeployment,
  followedSource,
  type PreviewRequest,
  previewUpdate,
  type Update,
  type UpdateRequest,
  type UpdateSource,
} from "./update.ts";

export type UpgradeRequest = UpdateRequest;
export type Upgrade = Update;

/**
 * Looks for a newer commit on the branch that the host follows, without changing what boots. Only commit objects are
 * fetched; the package list comes with them.
 */
export async function previewUpgrade(
  sysroot: Sysroot,
  request: Pick<UpgradeRequest, "stateroot"> & PreviewRequest = {},
  progress: ProgressListener = silent,
): Promise<Upgrade> {
  return previewUpdate(sysroot, upgradeSource(sysroot, request.stateroot), request, progress);
}

/**
 * Downloads the newest commit of the branch that the host follows and deploys it, in the running machine staged unless
 * asked otherwise. Kernel arguments, /etc and origin are taken over. Throws `host-downgrade` for an older commit.
 */
export async function upgrade(
  sysroot: Sysroot,
  request: UpgradeRequest = {},
  progress: ProgressListener = silent,
): Promise<Upgrade> {
  return applyUpdate(sysroot, upgradeSource(sysroot, request.stateroot), request, progress);
}

function upgradeSource(sysroot: Sysroot, stateroot: string | undefined): UpdateSource {
  const current = currentDeployment(sysroot, stateroot);
  const { origin } = current;
  return {
    current,
    ...followedSource(current),
    origin: origin === undefined ? undefined : inheritedOrigin(origin),
  };
}
