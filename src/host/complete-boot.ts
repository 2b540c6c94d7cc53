// SPDX-License-Identifier: Apache-2.0
import { renameSync } from "node:fs";
import { join } from "node:path";
import { unlessErrno } from "../base/index.ts";
import { hostError } from "./errors.ts";
import { clearFinalizeFailure, finalizeFailure } from "./finalize-staged.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * After a boot: fails once with why the last finalization failed, so that the service shows it; after a soft reboot
 * makes known which deployment runs now (`_ostree_sysroot_boot_complete`).
 */
export function completeBoot(sysroot: Sysroot): void {
  const failure = finalizeFailure(sysroot.path);
  if (failure !== undefined) {
    clearFinalizeFailure(sysroot.path);
    throw hostError("finalize-failed", `ostree-finalize-staged.service failed on previous boot: ${failure}`);
  }
  const run = sysroot.running?.run ?? "/run";
  unlessErrno(["ENOENT"], () => renameSync(join(run, "ostree/nextroot-booted"), join(run, "ostree-booted")));
}
