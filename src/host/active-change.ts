// SPDX-License-Identifier: Apache-2.0
/**
 * Which command or transaction of the service changes the host now, downloads included, which need no lock: a note in
 * /run, valid while the process that wrote it lives. `status` shows it, `cancel` ends it.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeDirectories, readTextIfExists, removeIfExists, unlessErrno, writeFileAtomic } from "../base/index.ts";
import { hostError } from "./errors.ts";
import type { Sysroot } from "./sysroot.ts";

export interface ActiveChange {
  readonly title: string;
  readonly pid: number;
  readonly commandLine: string;
  /** Of the transaction's D-Bus server, where the process is the service, which lives on. */
  readonly address?: string;
}

const notePath = (run: string) => join(run, "atomic/host-change.json");

/** Says that this process changes the host, until it ends or the answer is disposed of. */
export function announceChange({ running }: Sysroot, title: string, commandLine: string, address?: string): Disposable {
  if (running === undefined) return { [Symbol.dispose]: () => {} };
  const path = notePath(running.run);
  const { pid } = process;
  makeDirectories(dirname(path));
  const note = JSON.stringify({ title, pid, commandLine, address, started: startTime(pid) });
  writeFileAtomic(path, note, { durable: false });
  return { [Symbol.dispose]: () => void removeIfExists(path) };
}

export function activeChange({ running }: Sysroot): ActiveChange | undefined {
  const text = running === undefined ? undefined : readTextIfExists(notePath(running.run));
  if (text === undefined) return undefined;
  const note = parseNote(text);
  // A process of the same number, but started at another time, is another one.
  return note !== undefined && note.started === startTime(note.pid) ? note : undefined;
}

function parseNote(text: string): (ActiveChange & { readonly started: string }) | undefined {
  try {
    const { title, pid, commandLine, address, started } = JSON.parse(text) as Record<string, unknown>;
    if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 2) return undefined;
    const change = { title: String(title), pid, commandLine: String(commandLine), started: String(started) };
    return typeof address === "string" ? { ...change, address } : change;
  } catch {
    return undefined;
  }
}

/** In clock ticks since the machine started (proc_pid_stat(5), the 22nd field; the 2nd may have blanks). */
function startTime(pid: number): string | undefined {
  const stat = unlessErrno(["ENOENT", "ESRCH"], () => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/**
 * Ends what changes the host: what was current stays so, and what was downloaded is not downloaded again. Undefined:
 * nothing goes on.
 * @param patienceMs how long to wait for its end
 */
export async function cancelChange(sysroot: Sysroot, patienceMs = 60_000): Promise<ActiveChange | undefined> {
  const change = activeChange(sysroot);
  if (change === undefined) return undefined;
  if (change.address === undefined) unlessErrno(["ESRCH"], () => process.kill(change.pid, "SIGINT"));
  else await cancelTransaction(change.address);
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(50)) {
    const now = activeChange(sysroot);
    if (now?.pid !== change.pid || now.address !== change.address) return change;
  }
  throw hostError("busy", `${change.commandLine} (process ${change.pid}) does not end`);
}

/** As a client of the service would (`rpmostree_builtin_cancel`); one that ended meanwhile needs nothing. */
async function cancelTransaction(address: string): Promise<void> {
  const [{ busError, connectPeer }, { transactionInterface }] = await Promise.all([
    import("../bus/index.ts"),
    import("./service/index.ts"),
  ]);
  try {
    const connection = await connectPeer(address);
    await connection.call({ path: "/", interface: transactionInterface.name, member: "Cancel" });
    connection.close();
  } catch (error) {
    if (!busError.is(error, "connection")) throw error;
  }
}
