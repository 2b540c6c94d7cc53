// SPDX-License-Identifier: Apache-2.0
/** What is done when a boot has come to its end (systemd's `boot-complete.target`, or its failure). Both take the lock. */
import { readTextIfExists } from "../../base/index.ts";
import { commitVersion } from "../commit-metadata.ts";
import { type Deployment, deploymentId } from "../model.ts";
import { parseKernelArgs } from "../kernel-args.ts";
import { makeDefault } from "../rollback.ts";
import type { Sysroot } from "../sysroot.ts";
import { decideAfterBoot, type Verdict } from "./decide.ts";
import {
  type FailedVersion,
  failedVersion,
  readHealthRecord,
  recordFailure,
  recordTrouble,
} from "./failed-versions.ts";
import { endTrial, readTrial, type Trial } from "./trial.ts";

/** On the kernel's command line: the boot loader has counted this attempt. */
export const trialArgument = "atomic.trial";
/** The boot loader took another entry because no attempt was left. */
export const fallbackArgument = "atomic.fallback";

export interface Settlement {
  readonly verdict: Verdict;
  /** The version that was decided about. */
  readonly version: string | undefined;
  /** When it was demoted. */
  readonly failed: FailedVersion | undefined;
  /** The machine must boot again. */
  readonly reboot: boolean;
}

const unsettled: Settlement = { verdict: "nothing", version: undefined, failed: undefined, reboot: false };

/**
 * @param trouble what is wrong with the system that runs; undefined: nothing
 * @param commandLine the kernel's
 */
export async function settleBoot(
  sysroot: Sysroot,
  trouble: string | undefined,
  commandLine = readTextIfExists("/proc/cmdline") ?? "",
): Promise<Settlement> {
  using _lock = await sysroot.lock(120_000);
  const booted = sysroot.requireBooted();
  const trial = readTrial(sysroot);
  if (trial === undefined) return unsettled;
  const args = parseKernelArgs(commandLine);
  const alternative = findAlternative(sysroot, trial.deployment);
  const verdict = decideAfterBoot({
    booted: deploymentId(booted),
    default: deploymentId(trial.deployment),
    trial: { id: deploymentId(trial.deployment), left: trial.left },
    counted: args.includes(trialArgument) || isCountedByName(trial.deployment),
    fellBack: args.includes(fallbackArgument),
    alternative: alternative !== undefined,
    healthy: trouble === undefined,
  });
  const version = commitVersion(sysroot.repo, trial.deployment.checksum);
  if (trouble !== undefined && verdict !== "nothing")
    recordTrouble(sysroot, { checksum: trial.deployment.checksum, reason: trouble });
  if (verdict === "accept") accept(sysroot, trial);
  const next = verdict === "demote" ? booted : verdict === "replace" ? alternative : undefined;
  const failed = next === undefined ? undefined : dethrone(sysroot, trial, next);
  return { verdict, version, failed, reboot: verdict === "retry" || verdict === "replace" };
}

function findAlternative(sysroot: Sysroot, unwanted: Deployment): Deployment | undefined {
  const { failed } = readHealthRecord(sysroot);
  const known = new Set([unwanted.checksum, ...failed.map(({ checksum }) => checksum)]);
  return sysroot.deployments.find(({ staged, checksum }) => !staged && !known.has(checksum));
}

/** systemd-boot says in the entry's name how often it has tried. */
function isCountedByName({ entryName }: Deployment): boolean {
  return /\+[0-9]+-[0-9]+\.conf$/.test(entryName ?? "");
}

function accept(sysroot: Sysroot, trial: Trial): void {
  endTrial(sysroot, trial);
  if (readHealthRecord(sysroot).trouble !== undefined) recordTrouble(sysroot, undefined);
}

const known = (sysroot: Sysroot, { checksum }: Deployment): string =>
  failedVersion(sysroot, checksum)?.reason ?? "it did not come up";

/** First the memory, then the menu: a crash between the two comes here again. */
function dethrone(sysroot: Sysroot, { deployment }: Trial, next: Deployment): FailedVersion {
  const { trouble } = readHealthRecord(sysroot);
  const version = commitVersion(sysroot.repo, deployment.checksum);
  const failure: FailedVersion = {
    checksum: deployment.checksum,
    ...(version === undefined ? {} : { version }),
    time: Math.floor(Date.now() / 1000),
    reason: trouble?.checksum === deployment.checksum ? trouble.reason : known(sysroot, deployment),
  };
  recordFailure(sysroot, failure);
  makeDefault(sysroot, next, deployment);
  return failure;
}
