// SPDX-License-Identifier: Apache-2.0
/**
 * For boot loaders that a program must install anew after each change: a stamp says that it has not run yet, so that a
 * later command makes good for one that was interrupted (`zipl_requires_execute_path`).
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, removeIfExists } from "../../base/index.ts";
import type { Sysroot } from "../sysroot.ts";

const stampPath = ({ path }: Sysroot) => join(path, "boot/ostree-bootloader-update.stamp");

export function leaveStamp(sysroot: Sysroot): void {
  writeFileSync(stampPath(sysroot), "");
}

/** Runs `update` if the stamp is there, and removes it when that succeeds. */
export function ifStamped(sysroot: Sysroot, update: () => void): void {
  if (lstatIfExists(stampPath(sysroot)) === undefined) return;
  update();
  removeIfExists(stampPath(sysroot));
}
