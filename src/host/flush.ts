// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from "node:child_process";
import { statfsSync } from "node:fs";
import { join } from "node:path";
import { checkpointJournal, freezeAndThaw, syncDirectory, syncFileSystem } from "../base/index.ts";
import { hostError } from "./errors.ts";
import type { Sysroot } from "./sysroot.ts";

/** What statfs(2) says of XFS, whose journal only freezing empties. */
const xfsMagic = 0x58465342;

/** Everything is on the disk before the one rename that counts (`full_system_sync`). */
export function flushSysroot(sysroot: Sysroot): void {
  if (sysroot.flags.testFreeze) failWatched(sysroot.boot);
  if (sysroot.flags.skipSync) return;
  // Not /ostree: on a running host that is a link.
  syncFileSystem(join(sysroot.path, "ostree/repo"));
  if (sysroot.bootIsSeparate) syncFileSystem(sysroot.boot);
}

/**
 * Writes the boot directory back so that a program which reads the disk without the journal sees it: the menu that was
 * just made current must not be the old link still when a clean-up removes the old menu (`fsfreeze_thaw_cycle`).
 */
export function flushBoot({ boot, flags }: Sysroot): void {
  if (flags.skipSync) return;
  syncDirectory(boot);
  syncFileSystem(boot);
  if (!checkpointJournal(boot) && statfsSync(boot).type === xfsMagic) freezeWatched(boot);
}

/** Thaws unless a line comes in time: whoever dies between freezing and thawing must not leave the machine stuck. */
const watchdog = `trap "" INT TERM HUP; timeout 30 sh -c "read -r done" || fsfreeze --unfreeze "$1"`;

function freezeWatched(boot: string): void {
  const child = spawn("sh", ["-c", watchdog, "sh", boot], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.unref();
  if (child.pid !== undefined) freezeAndThaw(boot);
  child.stdin.end("done\n");
}

/** OSTREE_SYSROOT_DEBUG=test-fifreeze: as if this process had died while the file system was frozen. */
function failWatched(boot: string): never {
  const { error } = spawnSync("sh", ["-c", watchdog, "sh", boot], { input: "", stdio: ["pipe", "ignore", "ignore"] });
  if (error !== undefined) throw error;
  process.stderr.write("fifreeze watchdog was run\n");
  throw hostError("in-use", "During fsfreeze-thaw: aborting due to test-fifreeze");
}
