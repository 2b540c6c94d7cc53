// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { unlessErrno } from "../../base/index.ts";

/** When a process started, in clock ticks since boot; `undefined` when it has ended. */
export function processStart(pid: number): string | undefined {
  const stat = unlessErrno(["ENOENT", "ESRCH"], () => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // Field 22 (proc_pid_stat(5)); the second, the program's name, is in parentheses and may hold spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}
