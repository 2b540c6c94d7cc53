// SPDX-License-Identifier: Apache-2.0

/** What is known when a boot has come to its end, well or not. Names are those of deployments. */
export interface BootOutcome {
  readonly booted: string;
  /** First in the menu. */
  readonly default: string;
  readonly trial: { readonly id: string; readonly left: number } | undefined;
  /** Whether the boot loader has counted this attempt: it says so on the kernel's command line. */
  readonly counted: boolean;
  /** Whether it says that it took another entry than the first. */
  readonly fellBack: boolean;
  /** Whether there is a version to go to that has not failed. */
  readonly alternative: boolean;
  readonly healthy: boolean;
}

/**
 * - `nothing`: this boot decides nothing
 * - `accept`: the version that runs was on trial and is good
 * - `demote`: the default did not come up; what runs becomes the default, and the failure is remembered
 * - `retry`: the version on trial is not healthy, and the boot loader has counted this attempt: boot again
 * - `replace`: as `retry`, but nobody counts: it has failed, another version becomes the default and is booted
 */
export type Verdict = "nothing" | "accept" | "demote" | "retry" | "replace";

/**
 * Decides after a boot. It cannot make a machine boot for ever: what is on trial is booted again only when the boot loader
 * has counted down before, what is replaced never becomes the default by itself again, and only an operator or a newer
 * version begins a trial.
 */
export function decideAfterBoot(outcome: BootOutcome): Verdict {
  const { booted, default: first, trial } = outcome;
  if (trial === undefined || trial.id !== first) return "nothing";
  if (booted !== first) return trial.left === 0 || outcome.fellBack ? "demote" : "nothing";
  if (outcome.healthy) return "accept";
  if (outcome.counted) return "retry";
  return outcome.alternative ? "replace" : "nothing";
}
