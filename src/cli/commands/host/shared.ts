// SPDX-License-Identifier: Apache-2.0
/** What the verbs of `atomic host` have in common. */
import { run } from "../../../base/index.ts";
import type { DeployResult, Sysroot } from "../../../host/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import type { DeployReport } from "../../render/host-change.ts";

export const sysrootOption: OptionDeclaration = {
  name: "sysroot",
  value: "PATH",
  help: "Work on this system root (default: that of the running host)",
};

export const stateRootOption: OptionDeclaration = {
  name: "stateroot",
  value: "NAME",
  help: "The operating system that is meant, when the system root holds several",
};

export const rebootOption: OptionDeclaration = { name: "reboot", short: "r", help: "Reboot when done" };

/** Opens the system root for reading. */
export async function openSysroot(invocation: Invocation): Promise<Sysroot> {
  const { Sysroot: HostSysroot } = await import("../../../host/index.ts");
  return HostSysroot.open(invocation.value("sysroot") ?? "/");
}

/** Opens the system root for a change; on a running host the program may start again, so nothing may come before. */
export async function openForChange(invocation: Invocation): Promise<Sysroot> {
  const { ensureWritable, Sysroot: HostSysroot } = await import("../../../host/index.ts");
  const path = invocation.value("sysroot") ?? "/";
  ensureWritable(path);
  return HostSysroot.open(path);
}

/** Reboots after a change when that was asked for. */
export async function rebootIfAsked(invocation: Invocation): Promise<boolean> {
  if (!invocation.flag("reboot")) return false;
  await run("systemctl", ["reboot"]);
  return true;
}

/** The result of a deploying command, with what its text needs. */
export async function deployReport(
  sysroot: Sysroot,
  deployed: DeployResult,
  invocation: Invocation,
): Promise<DeployReport> {
  const { commitVersion } = await import("../../../host/index.ts");
  const { stateroot, checksum, serial } = deployed.deployment;
  return {
    stateroot,
    checksum,
    serial,
    version: commitVersion(sysroot.repo, checksum),
    swap: deployed.swap,
    etc: deployed.etc,
    canUndo: sysroot.deployments.length > 1,
    rebooting: await rebootIfAsked(invocation),
    where: whereGiven(invocation),
  };
}

/** For commands that are shown to be typed: the `--sysroot` that was given. */
export function whereGiven(invocation: Invocation): string {
  const path = invocation.value("sysroot");
  return path === undefined ? "" : ` --sysroot ${path}`;
}

/** What `pin` and `unpin` do alike. */
export async function changePin(invocation: Invocation, pinned: boolean) {
  const sysroot = await openForChange(invocation);
  const { chooseDeployment, setPinned } = await import("../../../host/index.ts");
  const words = invocation.args[0]!;
  const deployment = chooseDeployment(sysroot, words);
  const changed = await setPinned(sysroot, deployment, pinned);
  return { checksum: deployment.checksum, serial: deployment.serial, changed, words };
}
