// SPDX-License-Identifier: Apache-2.0
/** What the verbs of `atomic host` have in common. */
import { run } from "../../../base/index.ts";
import type {
  Deployment,
  DeployRequest,
  DeployResult,
  LayerChange,
  Sysroot,
  Update,
  UpdateRequest,
  WritableOptions,
} from "../../../host/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { initiator } from "../../initiator.ts";
import type { DeployReport } from "../../render/host-change.ts";
import type { UpdateReport } from "../../render/host-upgrade.ts";
import { refusedBy } from "./refused-by.ts";

export const sysrootOption: OptionDeclaration = {
  name: "sysroot",
  value: "PATH",
  help: "Work on this system root (default: that of the running host)",
};

const stateRootOption: OptionDeclaration = {
  name: "stateroot",
  value: "NAME",
  help: "The operating system that is meant, when the system root holds several",
};

/** rpm-ostree's older name of `--stateroot`. */
const osOption: OptionDeclaration = { name: "os", value: "NAME", hidden: true, help: "The same as --stateroot" };

/** Which operating system of which system root is meant. */
export const hostOptions: readonly OptionDeclaration[] = [sysrootOption, stateRootOption, osOption];

const bypassDriverOption: OptionDeclaration = {
  name: "bypass-driver",
  help: "Go on although another program drives the updates of this host",
};

const lockFinalizationOption: OptionDeclaration = {
  name: "lock-finalization",
  help: "Stage it, but let nothing come of it before `finalize-deployment`",
};

const stageOptions: readonly OptionDeclaration[] = [
  { name: "stage", help: "Make it the default at shutdown (default on a running host)" },
  { name: "no-stage", help: "Make it the default at once" },
];

export const makeRoomOption: OptionDeclaration = {
  name: "make-room",
  help: "Remove other versions, the oldest first and never what runs, when it does not fit",
};

export const skipBrokenOption: OptionDeclaration = {
  name: "skip-broken-layers",
  help: "Leave out packages of this host that do not fit the new version; they stay requested",
};

export const unchangedOption: OptionDeclaration = {
  name: "unchanged-exit-77",
  help: "Exit with 77 when nothing had to be done",
};

export const rebootOption: OptionDeclaration = { name: "reboot", short: "r", help: "Reboot when done" };

export const softRebootOption: OptionDeclaration = {
  name: "soft-reboot",
  value: "WHEN",
  help: "Ready a restart of user space alone, under the running kernel: auto (where it can be) or required",
};

/** How a new deployment comes to be the one that runs. */
export const deployOptions: readonly OptionDeclaration[] = [...stageOptions, lockFinalizationOption, rebootOption];

/** Of the verbs that bring another version: what `updateRequest` and `openForUpdate` heed, and a reboot. */
export const updateOptions: readonly OptionDeclaration[] = [
  { name: "cache-only", short: "C", help: "Do not ask the network; deploy what was downloaded" },
  { name: "download-only", help: "Download, but do not deploy" },
  { name: "install", value: "PACKAGE", repeat: true, help: "Layer this package, package file or URL in the same step" },
  { name: "uninstall", value: "PACKAGE", repeat: true, help: "Take this layered package back in the same step" },
  makeRoomOption,
  skipBrokenOption,
  bypassDriverOption,
  ...deployOptions,
  softRebootOption,
];

/** Opens the system root for reading. */
export async function openSysroot(invocation: Invocation): Promise<Sysroot> {
  const { Sysroot: HostSysroot } = await import("../../../host/index.ts");
  return HostSysroot.open(invocation.value("sysroot") ?? "/");
}

/**
 * Opens the system root for a change; on a running host the program may start again, so nothing may come before.
 * @param verb what `status` tells while it goes on, and `cancel` may end
 */
export async function openForChange(
  invocation: Invocation,
  verb?: string,
  options: WritableOptions = {},
): Promise<Sysroot> {
  const { announceChange, ensureWritable, Sysroot: HostSysroot } = await import("../../../host/index.ts");
  const path = invocation.value("sysroot") ?? "/";
  ensureWritable(path, options);
  const sysroot = HostSysroot.open(path);
  sysroot.initiator = initiator();
  if (verb !== undefined) {
    const announced = announceChange(sysroot, verb, sysroot.initiator.commandLine);
    process.once("exit", () => announced[Symbol.dispose]());
  }
  return sysroot;
}

/** The stateroot that was named, if one was. */
export function namedStateroot(invocation: Invocation): { readonly stateroot?: string } {
  const stateroot = invocation.value("stateroot") ?? invocation.value("os");
  return stateroot === undefined ? {} : { stateroot };
}

/** Whether to stage, as asked; left open where nothing was said. */
export function staging(invocation: Invocation): Pick<DeployRequest, "stage" | "lockFinalization"> {
  if (invocation.flag("lock-finalization")) return { stage: true, lockFinalization: true };
  if (invocation.flag("stage")) return { stage: true };
  return invocation.flag("no-stage") ? { stage: false } : {};
}

/** What `updateOptions` and the named stateroot ask of an update, whichever version it brings. */
export function updateRequest(invocation: Invocation): UpdateRequest {
  return {
    ...namedStateroot(invocation),
    ...staging(invocation),
    makeRoom: invocation.flag("make-room"),
    skipBrokenLayers: invocation.flag("skip-broken-layers"),
    ...(invocation.flag("install") || invocation.flag("uninstall") ? { layers: layerChange(invocation) } : {}),
    cacheOnly: invocation.flag("cache-only"),
    downloadOnly: invocation.flag("download-only"),
  };
}

function layerChange(invocation: Invocation): LayerChange {
  const wanted = invocation.values("install");
  return {
    install: wanted.filter((word) => !isPackageFile(word)),
    installFiles: wanted.filter(isPackageFile),
    uninstall: invocation.values("uninstall"),
  };
}

/** Package files and URLs, and what is neither: by a slash, or an ending that no name of a package has. */
export function isPackageFile(word: string): boolean {
  return /^(https?|file):\/\//.test(word) || /\.(rpm|deb)$/.test(word) || word.startsWith("/") || word.startsWith("./");
}

/** As `openForChange`, unless another program drives the updates. */
export async function openForUpdate(invocation: Invocation, verb: string): Promise<Sysroot> {
  const sysroot = await openForChange(invocation, verb);
  await heedDriver(sysroot, invocation);
  return sysroot;
}

/** Refuses what another program that drives the updates would not know of, unless told not to. */
export async function heedDriver(sysroot: Sysroot, invocation: Invocation): Promise<void> {
  const { refuseOtherDriver } = await import("../../../host/index.ts");
  if (!invocation.flag("bypass-driver")) await refuseOtherDriver(sysroot);
}

export function refuseBoth(invocation: Invocation, one: string, other: string): void {
  const given = (name: string) => invocation.flag(name);
  if (given(one) && given(other)) throw cliError("usage", `Cannot specify both --${one} and --${other}`);
}

/** Readies a soft reboot into a deployment if that was asked for and can be. */
export async function softRebootIfAsked(
  sysroot: Sysroot,
  deployment: Deployment,
  invocation: Invocation,
): Promise<boolean> {
  const how = invocation.flag("soft-reboot") ? invocation.value("soft-reboot") : undefined;
  if (how === undefined) return false;
  if (how !== "auto" && how !== "required") throw cliError("usage", "--soft-reboot is auto or required");
  const { readySoftReboot } = await import("../../../host/index.ts");
  return readySoftReboot(sysroot, deployment, how);
}

/** Reboots after a change when that was asked for. */
export async function rebootIfAsked(invocation: Invocation, soft = false): Promise<boolean> {
  if (!invocation.flag("reboot")) return false;
  await run("systemctl", [soft ? "soft-reboot" : "reboot"]);
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
  const version = commitVersion(sysroot.repo, checksum);
  const softReboot = await softRebootIfAsked(sysroot, deployed.deployment, invocation);
  return {
    stateroot,
    checksum,
    serial,
    version,
    swap: deployed.swap,
    etc: deployed.etc,
    canUndo: sysroot.deployments.length > 1,
    refusedBy: await refusedBy(sysroot, { checksum, version }, invocation),
    softReboot,
    rebooting: await rebootIfAsked(invocation, softReboot),
    where: whereGiven(invocation),
  };
}

/** The result of a command that brings another version, or would. */
export async function updateReport(
  sysroot: Sysroot,
  { deployed, ...found }: Update,
  mode: UpdateReport["mode"],
  invocation: Invocation,
  words: string,
): Promise<UpdateReport> {
  const report = deployed === undefined ? undefined : await deployReport(sysroot, deployed, invocation);
  return { ...found, mode, deployed: report, command: `atomic host ${words}${whereGiven(invocation)}` };
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
  const changed = await setPinned(sysroot, deployment, pinned, pinned ? invocation.value("name") : undefined);
  return { checksum: deployment.checksum, serial: deployment.serial, changed, words };
}
