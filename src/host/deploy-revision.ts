// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import { inheritedOrigin, originFromRefspec } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";
import {
  applyUpdate,
  currentDeployment,
  type PreviewRequest,
  previewUpdate,
  requireRefspec,
  type Update,
  type UpdateRequest,
  type UpdateSource,
} from "./update.ts";

export interface DeployRevisionRequest extends UpdateRequest {
  /** `VERSION`, `CHECKSUM`, `version=VERSION` or `revision=CHECKSUM`. */
  readonly revision: string;
  /** Take a commit of another branch, too. */
  readonly skipBranchCheck?: boolean;
}

/** As `deployRevision`, only telling what would change. */
export async function previewRevision(
  sysroot: Sysroot,
  request: DeployRevisionRequest & PreviewRequest,
  progress: ProgressListener = silent,
): Promise<Update> {
  return previewUpdate(sysroot, revisionSource(sysroot, request), request, progress);
}

/**
 * Downloads a certain version of the branch that the host follows and deploys it (rpm-ostree's `deploy`). The next
 * upgrade follows the branch again. Older versions are accepted unless `allowDowngrade` is false.
 */
export async function deployRevision(
  sysroot: Sysroot,
  request: DeployRevisionRequest,
  progress: ProgressListener = silent,
): Promise<Update> {
  const { allowDowngrade = true } = request;
  return applyUpdate(sysroot, revisionSource(sysroot, request), { ...request, allowDowngrade }, progress);
}

function revisionSource(
  sysroot: Sysroot,
  { stateroot, revision, skipBranchCheck = false }: DeployRevisionRequest,
): UpdateSource {
  const current = currentDeployment(sysroot, stateroot);
  const refspec = requireRefspec(current);
  const origin = current.origin === undefined ? originFromRefspec(refspec) : inheritedOrigin(current.origin);
  return { current, refspec, revision, skipBranchCheck, origin };
}
