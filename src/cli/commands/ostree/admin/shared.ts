// SPDX-License-Identifier: Apache-2.0
/** What the verbs of `ostree admin` have in common: which system root, its lock, and what is told while they work. */
import { resolve } from "node:path";
import { run } from "../../../../base/index.ts";
import type { Deployment, Sysroot, WritableOptions } from "../../../../host/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";
import { cliError } from "../../../errors.ts";

export const sysrootOption: OptionDeclaration = {
  name: "sysroot",
  value: "PATH",
  help: "Create a new OSTree sysroot at PATH",
};

export const osOption: OptionDeclaration = {
  name: "os",
  value: "OSNAME",
  help: "Use a different operating system root than the current one",
};

/** ostree_sysroot_new: the option, then the environment, then the running system's root. */
export function sysrootPath(invocation: Invocation): string {
  return resolve(invocation.value("sysroot") ?? process.env["OSTREE_SYSROOT"] ?? "/");
}

/** Opens the system root for reading. */
export async function openSysroot(invocation: Invocation): Promise<Sysroot> {
  const { Sysroot: HostSysroot } = await import("../../../../host/index.ts");
  return HostSysroot.open(sysrootPath(invocation));
}

/** Nobody gives up waiting for the lock (`ot_admin_sysroot_lock`). */
const noTimeout = Number.POSITIVE_INFINITY;

/**
 * Runs a change of the system root under its lock, from before it is read to the end; what the engine tells goes to
 * standard output at once. On a running host the program may start again, so nothing may come before.
 */
export async function changeSysroot<T>(
  invocation: Invocation,
  change: (sysroot: Sysroot) => T | Promise<T>,
  options: WritableOptions = {},
): Promise<T> {
  const { ensureWritable } = await import("../../../../host/index.ts");
  ensureWritable(sysrootPath(invocation), options);
  const sysroot = await openSysroot(invocation);
  sysroot.onMessage = say;
  using _lock = await sysroot.lock(noTimeout, () => say("Waiting for sysroot lock..."));
  return await change(sysroot);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The stateroot that is meant; without one named, the machine must run a deployment. */
export function requireStateroot(sysroot: Sysroot, named: string | undefined): string {
  const name = named ?? sysroot.booted?.stateroot;
  if (name !== undefined) return name;
  throw cliError("usage", "Not currently booted into an OSTree system and no --os= argument given");
}

/** ot_admin_get_indexed_deployment */
export function indexedDeployment(sysroot: Sysroot, index: number): Deployment {
  const found = sysroot.deployments[index];
  if (found !== undefined) return found;
  if (index < 0) throw cliError("usage", `Invalid index ${index}`);
  const count = sysroot.deployments.length;
  throw cliError("usage", `Out of range deployment index ${index}, expected < ${count}`);
}

/** An index as g_ascii_strtoull takes it. */
export function parseIndex(text: string): number {
  if (!/^[ \t]*\+?[0-9]*$/.test(text)) throw cliError("usage", `Invalid index: ${text}`);
  const index = Number(text);
  if (index >= 2 ** 64) throw cliError("usage", `Index too large: ${text}`);
  return index;
}

export function firstDeployment(sysroot: Sysroot): Deployment {
  const [first] = sysroot.deployments;
  if (first !== undefined) return first;
  throw cliError("usage", "Unable to find a deployment in sysroot");
}

/** Reboots if asked and the machine runs from this system root: it may be somebody else's (`ot_admin_execve_reboot`). */
export async function rebootIfAsked(invocation: Invocation, sysroot: Sysroot): Promise<void> {
  if (invocation.flag("reboot") && sysroot.booted !== undefined) await run("systemctl", ["reboot"]);
}
