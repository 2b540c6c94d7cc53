// SPDX-License-Identifier: Apache-2.0
/**
 * On a running host /sysroot (and sometimes /boot) is mounted read-only. Like libostree, a command that changes
 * deployments works in a mount namespace of its own in which they are writable (`_ostree_sysroot_ensure_writable`), so
 * that no other program can write there by accident.
 */
import { accessSync, constants } from "node:fs";
import { isSea } from "node:sea";
import { isErrno, mount, mountFlags, unshareMounts } from "../base/index.ts";
import { hostError } from "./errors.ts";
import { detectRunning } from "./running.ts";

const mountPoints = ["/sysroot", "/boot"];

export interface WritableOptions {
  /** What is mounted in the namespace appears in the machine as well; default false. */
  readonly sharedMounts?: boolean;
}

/**
 * Makes the running host's system root writable for this process. unshare(2) moves only the calling thread, so the
 * program then starts itself again in its place (same process): all threads of the new one are inside. Call it before
 * anything is done. It returns at once when nothing is read-only or `path` is not the running host's root.
 */
export function ensureWritable(path = "/", options: WritableOptions = {}): void {
  if (detectRunning(path) === undefined) return;
  const readOnly = mountPoints.filter((point) => !isWritable(point));
  if (readOnly.length === 0) return;
  try {
    unshareMounts();
    // Remounting changes this namespace's own mounts in any case; only new ones would be seen outside.
    if (options.sharedMounts !== true) mount("none", "/", "", mountFlags.recursive | mountFlags.private);
    for (const point of readOnly) remountWritable(point);
  } catch (cause) {
    throw hostError("read-only", `${readOnly.join(" and ")} cannot be made writable`, {
      cause,
      hint: "run it as root",
    });
  }
  startAgain();
}

/** access(2) says EROFS for a read-only mount, to root too. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if (isErrno(error, "EROFS")) return false;
    if (isErrno(error, "ENOENT")) return true;
    if (isErrno(error, "EACCES")) throw hostError("read-only", `${path} may be changed by root only`, { hint: "sudo" });
    throw error;
  }
}

/** The mount alone if that is enough (how ostree-prepare-root makes it read-only), else the file system. */
function remountWritable(point: string): void {
  mount(point, point, "", mountFlags.remount | mountFlags.bind);
  if (!isWritable(point)) mount(point, point, "", mountFlags.remount);
  if (!isWritable(point)) throw hostError("read-only", `${point} is still read-only`);
}

export function startAgain(nodeOptions: readonly string[] = []): void {
  const options = [...process.execArgv, ...nodeOptions];
  // The executable takes options of Node.js in one argument (https://nodejs.org/api/single-executable-applications.html).
  const own = isSea()
    ? [`--node-options=${options.join(" ")}`, ...process.argv.slice(2)]
    : [...options, ...process.argv.slice(1)];
  if (process.execve === undefined) throw new Error("this Node.js has no process.execve");
  const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  process.execve(process.execPath, [process.argv0, ...own], Object.fromEntries(environment));
}
