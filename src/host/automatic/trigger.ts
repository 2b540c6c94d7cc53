// SPDX-License-Identifier: Apache-2.0
/**
 * What the timer does: follow the configured policy. It can be run at any time and any number of times: each run looks at
 * what is there and does what is next. With `apply` a run that may not reboot yet arms a timer for the next chance.
 */
import { type ProgressListener, run, silent } from "../../base/index.ts";
import { versionInfo } from "../commit-metadata.ts";
import { hostError } from "../errors.ts";
import type { Deployment } from "../model.ts";
import type { Finalizer } from "../stage-deployment.ts";
import type { Sysroot } from "../sysroot.ts";
import { previewUpgrade, type Upgrade, upgrade } from "../upgrade.ts";
import type { UpdateConfig, UpdatePolicy } from "./config.ts";
import { askBeforeReboot, type RebootRefusal } from "./reboot-hooks.ts";
import { nextOpening } from "./window.ts";

export interface AutomaticOptions {
  readonly startFinalizer?: Finalizer;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly reboot?: () => Promise<void>;
  /** Has this done again at a time. */
  readonly arm?: (at: Date) => Promise<void>;
  /** Directory with the `etc` and `usr/lib` of the programs that are asked; default `/`. */
  readonly root?: string;
}

/** What became of the reboot into a new version. */
export type AutomaticReboot =
  | { readonly state: "not-needed" }
  | { readonly state: "done" }
  /** `refused`: a program said no; else no maintenance window is open. `at`: the next chance, milliseconds since 1970. */
  | { readonly state: "later"; readonly at: number; readonly refused?: RebootRefusal };

export interface AutomaticResult {
  readonly policy: UpdatePolicy;
  /** Undefined with the policy `none`. */
  readonly update: Upgrade | undefined;
  /** Why there was no update although it was asked for: the version failed here before, or what runs is on trial. */
  readonly held?: string;
  readonly reboot: AutomaticReboot;
}

export async function triggerAutomaticUpdate(
  sysroot: Sysroot,
  config: UpdateConfig,
  options: AutomaticOptions = {},
  progress: ProgressListener = silent,
): Promise<AutomaticResult> {
  const { policy } = config;
  const { update, held } = await followUnlessHeld(sysroot, policy, options, progress);
  const reboot: AutomaticReboot =
    policy === "apply" ? await rebootIfPending(sysroot, config, options) : { state: "not-needed" };
  return { policy, update, ...(held === undefined ? {} : { held }), reboot };
}

/** What an operator has to decide is no failure of the timer. */
async function followUnlessHeld(
  sysroot: Sysroot,
  policy: UpdatePolicy,
  options: AutomaticOptions,
  progress: ProgressListener,
): Promise<Pick<AutomaticResult, "update" | "held">> {
  try {
    return { update: await followPolicy(sysroot, policy, options, progress) };
  } catch (error) {
    if (!hostError.is(error, "failed-before", "on-trial")) throw error;
    return { update: undefined, held: error.message };
  }
}

async function followPolicy(
  sysroot: Sysroot,
  policy: UpdatePolicy,
  { startFinalizer, signal }: AutomaticOptions,
  progress: ProgressListener,
): Promise<Upgrade | undefined> {
  if (policy === "none") return undefined;
  if (policy === "check") return previewUpgrade(sysroot, { signal }, progress);
  const finalizer = startFinalizer === undefined ? {} : { startFinalizer };
  return upgrade(sysroot, { downloadOnly: policy === "download", ...finalizer, signal }, progress);
}

/** What boots next instead of what runs, and is not held back. */
function pendingDeployment(sysroot: Sysroot): Deployment | undefined {
  const { booted } = sysroot;
  const next = booted === undefined ? undefined : sysroot.pendingAndRollback(booted.stateroot).pending;
  return next?.finalizationLocked === true ? undefined : next;
}

async function rebootIfPending(
  sysroot: Sysroot,
  config: UpdateConfig,
  options: AutomaticOptions,
): Promise<AutomaticReboot> {
  const { now = Date.now, arm = armTimer, reboot = rebootMachine, root = "/" } = options;
  const next = pendingDeployment(sysroot);
  if (next === undefined) return { state: "not-needed" };
  const at = nextChance(config, now());
  if (at > now()) {
    await arm(new Date(at));
    return { state: "later", at };
  }
  const question = { version: versionInfo(sysroot.repo, next.checksum).version, checksum: next.checksum };
  const refused = await askBeforeReboot(root, question, config.hookSeconds);
  if (refused === undefined) {
    await reboot();
    return { state: "done" };
  }
  const again = nextChance(config, now() + config.retrySeconds * 1000);
  await arm(new Date(again));
  return { state: "later", at: again, refused };
}

/** The time itself when a window is open then, else when the next one opens. */
function nextChance({ windows, timeZone }: UpdateConfig, time: number): number {
  return Math.max(nextOpening(windows, timeZone, time)?.start ?? time, time);
}

const retryUnit = "atomic-update-reboot";

/** A timer of systemd's that lasts until it has fired or the machine reboots. */
async function armTimer(at: Date): Promise<void> {
  const calendar = `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  await run("systemctl", ["stop", `${retryUnit}.timer`], { accept: [0, 5] });
  const unit = [`--unit=${retryUnit}`, "--collect", `--on-calendar=${calendar}`, "--timer-property=AccuracySec=1s"];
  await run("systemd-run", [...unit, "systemctl", "start", "atomic-update.service"]);
}

/** Who holds a reboot back by an inhibitor lock of logind is heeded. */
async function rebootMachine(): Promise<void> {
  await run("systemctl", ["reboot", "--check-inhibitors=yes"]);
}
