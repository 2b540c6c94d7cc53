// SPDX-License-Identifier: Apache-2.0

/** What is known when a boot has come to its end, well or not. Names are those of deployments. */
export interface BootOutcome {
  readonly booted: string;
  /** First in the menu. */
  readonly default: string;
  readonly trial: { readonly id: string; readonly left: number } | undefined;
  /** Whether the boot loader has counted this attempt: it says so on the kernel's command line. */
  readonly counted: boolean;
  readonly healthy: boolean;
}

/**
 * - `nothing`: this boot decides nothing
 * - `accept`: the version that runs was on trial and is good
 * - `demote`: the default did not come up; what runs becomes the default, and the failure is remembered
 * - `retry`: the version on trial is not healthy, and the boot loader has counted this attempt: boot again
 * - `give-up`: as `retry`, but nobody counts: set the counter to none, then boot again
 */
export type Verdict = "nothing" | "accept" | "demote" | "retry" | "give-up";

/**
 * Decides after a boot. It cannot make a machine boot for ever: only what is on trial is booted again, each time the
 * boot loader has counted down before or the counter is set to 0, and only an operator or a newer version begins a trial.
 */
export function decideAfterBoot({ booted, default: first, trial, counted, healthy }: BootOutcome): Verdict {
  if (trial === undefined || trial.id !== first) return "nothing";
  if (booted !== first) return trial.left === 0 ? "demote" : "nothing";
  if (healthy) return "accept";
  return counted ? "retry" : "give-up";
}
