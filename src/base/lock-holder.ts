// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { unlessErrno } from "./errors.ts";

export interface LockHolder {
  readonly pid: number;
  /** As it was called. */
  readonly command: string;
  /** When the program was started, in seconds since 1970. */
  readonly since: number;
}

/**
 * Finds who holds a record lock on a file: proc_pid_fdinfo(5) has a line `lock:` for descriptors that do. It works for
 * programs of others as well, which leave no note. Undefined: nobody does any more, or may not be looked at.
 */
export function findLockHolder(file: string): LockHolder | undefined {
  const wanted = unlessErrno(["ENOENT"], () => statSync(file));
  if (wanted === undefined) return undefined;
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name) || Number(name) === process.pid) continue;
    if (holds(`/proc/${name}`, wanted)) return unlessErrno(gone, () => describe(Number(name)));
  }
  return undefined;
}

/** Processes end while we look, and those of others may not be looked at. */
const gone = ["ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR"];

function holds(process: string, { dev, ino }: { readonly dev: number; readonly ino: number }): boolean {
  const descriptors = unlessErrno(gone, () => readdirSync(join(process, "fd"))) ?? [];
  return descriptors.some((fd) => {
    const there = unlessErrno(gone, () => statSync(join(process, "fd", fd)));
    if (there?.ino !== ino || there.dev !== dev) return false;
    return /^lock:/m.test(unlessErrno(gone, () => readFileSync(join(process, "fdinfo", fd), "utf8")) ?? "");
  });
}

/** Of the times in proc_pid_stat(5): the kernel always tells user space of a hundred per second (USER_HZ). */
const ticksPerSecond = 100;

function describe(pid: number): LockHolder {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8")
    .split("\0")
    .filter((word) => word !== "");
  // The name in parentheses may hold anything; field 22 is the 20th after it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const booted = Number(/^btime ([0-9]+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? 0);
  return {
    pid,
    command: words.join(" ").slice(0, 200),
    since: booted + Math.floor(Number(fields[19]) / ticksPerSecond),
  };
}

/** `COMMAND (process PID, since TIME)` */
export function holderText({ pid, command, since }: LockHolder): string {
  return `${command} (process ${pid}, since ${new Date(since * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC)`;
}
