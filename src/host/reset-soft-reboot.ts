// SPDX-License-Identifier: Apache-2.0
import { inMountNamespace, removeIfExists, unlessErrno, unmount } from "../base/index.ts";
import type { Sysroot } from "./sysroot.ts";

/** Mounts must be seen by systemd, not only by this program, which has a mount namespace of its own. */
export const machineMounts = "/proc/1/ns/mnt";

/** Takes a prepared soft reboot back, if there is one (`ostree_sysroot_clear_soft_reboot`). The caller holds the lock. */
export function resetSoftReboot(sysroot: Sysroot): void {
  if (!sysroot.deployments.some(({ softRebootTarget }) => softRebootTarget)) return;
  unmountNextRoot();
  sysroot.touch();
  sysroot.reload();
}

/** `impl_clear_soft_reboot` */
export function unmountNextRoot(): void {
  // Lazily: with all that is mounted below it. EINVAL: nothing is mounted there.
  inMountNamespace(machineMounts, () => unlessErrno(["EINVAL", "ENOENT"], () => unmount("/run/nextroot", true)));
  removeIfExists("/run/ostree/nextroot-booted");
}
