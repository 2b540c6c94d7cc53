// SPDX-License-Identifier: Apache-2.0
import type { Checksum } from "../ostree/index.ts";
import { hostError } from "./errors.ts";
import { lockFinalization } from "./finalize-staged.ts";
import type { Deployment } from "./model.ts";
import type { Sysroot } from "./sysroot.ts";

export interface ReleaseRequest {
  /** What must be staged; undefined: whatever is. */
  readonly checksum?: string;
  /** It is no error when it was not held back. */
  readonly allowUnlocked?: boolean;
}

/** Lets a staged deployment that was held back become the default at shutdown (rpm-ostree's `finalize-deployment`). */
export async function releaseStaged(sysroot: Sysroot, request: ReleaseRequest): Promise<Deployment> {
  using _lock = await sysroot.lock();
  const { staged } = sysroot;
  if (staged === undefined) throw hostError("no-deployment", "No pending staged deployment found");
  requireCommit(staged.checksum, request.checksum);
  if (staged.finalizationLocked) await lockFinalization(sysroot, false);
  else if (request.allowUnlocked !== true)
    throw hostError("in-use", "Staged deployment already unlocked", { hint: "--allow-unlocked takes it as it is" });
  return sysroot.find(staged);
}

function requireCommit(staged: Checksum, expected: string | undefined): void {
  if (expected === undefined || expected === staged) return;
  throw hostError("no-deployment", `Expected staged base checksum ${expected}, but found ${staged}`);
}
