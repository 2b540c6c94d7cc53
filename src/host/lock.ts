// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findLockHolder, type HeldLock, holderText, tryRecordLock, unlessErrno } from "../base/index.ts";
import { hostError } from "./errors.ts";

const lockName = "ostree/lock";
const waitingNoticeMs = 3000;

/** Told who is waited for: what it is, and since when it runs, as far as that can be found out. */
export type OnWait = (holder: string) => void;

/**
 * Takes the lock under which a system root is changed: the same file and kind of lock as libostree's
 * (`ostree_sysroot_lock`, `glnx_make_lock_file`), so its programs and ours wait for each other.
 * @param timeoutMs how long to wait for another holder before `host-busy`
 * @param onWait called when somebody else holds it, and every three seconds until it is free (`ot_admin_sysroot_lock`)
 */
export async function lockSysroot(path: string, timeoutMs = 0, onWait: OnWait = () => {}): Promise<HeldLock> {
  const file = join(path, lockName);
  const deadline = Date.now() + timeoutMs;
  for (let told = Number.NEGATIVE_INFINITY; ;) {
    const fd = tryLockFile(file);
    if (fd !== undefined) return held(file, fd);
    if (Date.now() >= deadline) {
      throw hostError("busy", `${holderOf(file)} is changing ${path}`, {
        hint: "wait for it, or end it: what boots is whole",
      });
    }
    if (Date.now() - told >= waitingNoticeMs) {
      told = Date.now();
      onWait(holderOf(file));
    }
    await sleep(50);
  }
}

function holderOf(file: string): string {
  const holder = findLockHolder(file);
  return holder === undefined ? "another program" : holderText(holder);
}

/** A holder removes the file when it lets go, so a lock on a file without a name is no lock: try again. */
function tryLockFile(file: string): number | undefined {
  for (;;) {
    const fd = openSync(file, "a+", 0o660);
    if (!tryRecordLock(fd, true)) {
      closeSync(fd);
      return undefined;
    }
    if (fstatSync(fd).nlink > 0) return fd;
    closeSync(fd);
  }
}

function held(file: string, fd: number): HeldLock {
  const release = () => {
    unlessErrno(["ENOENT", "EROFS"], () => unlinkSync(file));
    closeSync(fd);
  };
  return { release, [Symbol.dispose]: release };
}
