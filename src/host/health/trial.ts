// SPDX-License-Identifier: Apache-2.0
/**
 * Versions on trial. A default that does not run yet is tried a few times; the boot loader counts down before each attempt
 * and takes another entry when none is left. What it counts in is GRUB's environment block `boot/grubenv`, or the name
 * of the boot entry (`+LEFT-DONE`, UAPI Automatic Boot Assessment), which systemd-boot changes.
 *
 * Each of the two boot versions (`boot/loader.V`) has variables of its own, so that a menu that is being written does not
 * touch the counter of the one that is in use.
 */
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readdirSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, readIfExists, syncDirectory } from "../../base/index.ts";
import { decodeGrubEnv, encodeGrubEnv } from "../../formats/index.ts";
import type { Bit } from "../boot-version.ts";
import { type Deployment, deploymentId, sameDeployment } from "../model.ts";
import type { Sysroot } from "../sysroot.ts";

export interface Trial {
  /** The default that is on trial. */
  readonly deployment: Deployment;
  /** Attempts that the boot loader will still make. */
  readonly left: number;
}

/** How GRUB is to count: part of the menu that is being written. */
export interface CountedMenu {
  /** `CHECKSUM.SERIAL` of the first entry. */
  readonly id: string;
  readonly tries: number;
  /** Index of the entry that boots when no attempt is left. */
  readonly fallback: number;
  readonly version: Bit;
  /** As GRUB finds it. */
  readonly file: string;
}

const fileName = "grubenv";
const idName = (version: Bit) => `atomic_trial_${version}`;
const leftName = (version: Bit) => `atomic_left_${version}`;

/** Names of the variables of a boot version, for GRUB's configuration. */
export const trialVariables = (version: Bit) => ({ id: idName(version), left: leftName(version) });

/** What is on trial in the menu that is in use; undefined: nothing. */
export function readTrial(sysroot: Sysroot): Trial | undefined {
  const deployment = sysroot.deployments.find(({ staged }) => !staged);
  if (deployment === undefined) return undefined;
  const { version } = sysroot.bootVersion;
  const variables = readVariables(sysroot);
  const left = variables.get(leftName(version)) ?? "";
  if (variables.get(idName(version)) === deploymentId(deployment) && /^[0-9]$/.test(left)) {
    return { deployment, left: Number(left) };
  }
  const counted = /\+([0-9]+)(?:-[0-9]+)?\.conf$/.exec(deployment.entryName ?? "");
  return counted === null ? undefined : { deployment, left: Number(counted[1]) };
}

/**
 * Decides whether the first of `deployments` is to be tried, and sets its counter in a boot version that is not in use.
 * It is when the machine runs another one, which is what boots when it fails. What is on trial and runs stays on trial.
 */
export function beginTrial(
  sysroot: Sysroot,
  deployments: readonly Deployment[],
  version: Bit,
): CountedMenu | undefined {
  const plan = planTrial(sysroot, deployments);
  const file = lstatIfExists(join(sysroot.boot, fileName));
  if (plan === undefined && file === undefined) return undefined;
  setCounter(sysroot, version, plan === undefined ? undefined : { id: plan.id, left: plan.tries });
  return plan === undefined ? undefined : { ...plan, version, file: `${sysroot.bootPrefix}${fileName}` };
}

/** Whether the menu must be written anew although its entries stay the same: a trial begins. */
export function needsTrial(sysroot: Sysroot, deployments: readonly Deployment[]): boolean {
  const plan = planTrial(sysroot, deployments);
  return plan !== undefined && !sameDeployment(readTrial(sysroot)?.deployment, deployments[0]);
}

function planTrial(
  sysroot: Sysroot,
  deployments: readonly Deployment[],
): Pick<CountedMenu, "id" | "tries" | "fallback"> | undefined {
  const { booted } = sysroot;
  const [first] = deployments;
  if (booted === undefined || first === undefined || deployments.length < 2) return undefined;
  const id = deploymentId(first);
  const current = readTrial(sysroot);
  if (sameDeployment(first, booted)) {
    const unsettled = sameDeployment(current?.deployment, booted) && sysroot.bootTries > 0;
    return unsettled ? { id, tries: current!.left, fallback: 1 } : undefined;
  }
  if (sysroot.bootTries === 0 || !canSettle(sysroot, first)) return undefined;
  const fallback = deployments.findIndex((deployment) => sameDeployment(deployment, booted));
  return { id, tries: sysroot.bootTries, fallback };
}

/** A tree without our unit would never say that it is well, and be given up however well it was. */
function canSettle(sysroot: Sysroot, deployment: Deployment): boolean {
  const wants = "usr/lib/systemd/system/atomic-boot-passed.service";
  return lstatIfExists(join(sysroot.directory(deployment), wants)) !== undefined;
}

/** The default has proved good: its counter goes. */
export function endTrial(sysroot: Sysroot, { deployment }: Trial): void {
  if (lstatIfExists(join(sysroot.boot, fileName)) !== undefined)
    setCounter(sysroot, sysroot.bootVersion.version, undefined);
  const entry = deployment.entryName;
  const plain = entry?.replace(/\+[0-9]+(-[0-9]+)?\.conf$/, ".conf");
  if (entry === undefined || plain === undefined || plain === entry) return;
  const entries = join(sysroot.boot, `loader.${sysroot.bootVersion.version}`, "entries");
  // systemd-bless-boot(8) may have done it already.
  if (!readdirSync(entries).includes(entry)) return;
  renameSync(join(entries, entry), join(entries, plain));
  syncDirectory(entries);
}

function readVariables(sysroot: Sysroot): Map<string, string> {
  const bytes = readIfExists(join(sysroot.boot, fileName));
  return (bytes === undefined ? undefined : decodeGrubEnv(bytes)) ?? new Map<string, string>();
}

/**
 * Counters stand first, in the block's first sector, which the disk writes whole or not. The file is always overwritten in
 * place: GRUB, which does not replay the journal, finds the same block. Half a block counts as none.
 */
function setCounter(sysroot: Sysroot, version: Bit, counter: { id: string; left: number } | undefined): void {
  const variables = readVariables(sysroot);
  variables.delete(idName(version));
  variables.delete(leftName(version));
  const own =
    counter === undefined
      ? []
      : [
          [leftName(version), String(counter.left)],
          [idName(version), counter.id],
        ];
  writeBlock(join(sysroot.boot, fileName), encodeGrubEnv(new Map([...own, ...variables] as [string, string][])));
}

function writeBlock(path: string, block: Buffer): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    writeSync(fd, block, 0, block.length, 0);
    ftruncateSync(fd, block.length);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
