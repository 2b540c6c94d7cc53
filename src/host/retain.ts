// SPDX-License-Identifier: Apache-2.0
import { type Deployment, sameDeployment } from "./model.ts";

export interface RetainOptions {
  /** Keep everything. */
  readonly all?: boolean;
  /** Keep deployments that would boot before the booted one. */
  readonly pending?: boolean;
  /** Keep deployments after the booted one. */
  readonly rollback?: boolean;
  /** Keep these, whatever else is dropped. */
  readonly also?: readonly Deployment[];
  /** Put the new one after the booted (or merge) deployment instead of first. */
  readonly notDefault?: boolean;
}

/**
 * The boot order after adding `added` (`ostree_sysroot_simple_write_deployment`): it comes first; of its stateroot only
 * the booted, the merge and pinned deployments stay unless asked otherwise; other stateroots are not touched.
 * @param merge whose /etc the new one took over
 */
export function planDeployments(
  current: readonly Deployment[],
  added: Deployment,
  merge: Deployment | undefined,
  options: RetainOptions = {},
): Deployment[] {
  const kept = keptDeployments(current, added.stateroot, merge, options);
  if (options.notDefault !== true) return [added, ...kept];
  const crossover = kept.find((deployment) => deployment.booted) ?? merge;
  const place = kept.findIndex((deployment) => sameDeployment(deployment, crossover));
  return place < 0 ? [...kept, added] : kept.toSpliced(place + 1, 0, added);
}

/** Those of the present deployments that stay when one of `stateroot` is added. */
export function keptDeployments(
  current: readonly Deployment[],
  stateroot: string,
  merge: Deployment | undefined,
  options: RetainOptions = {},
): Deployment[] {
  const list = current.filter((deployment) => !deployment.staged);
  const booted = list.find((deployment) => deployment.booted);
  const crossover = booted ?? merge;
  const at = list.findIndex((deployment) => sameDeployment(deployment, crossover));
  const all =
    options.all === true || (crossover === undefined && (options.pending === true || options.rollback === true));
  const stays = (deployment: Deployment, index: number): boolean =>
    all ||
    deployment.pinned ||
    deployment.booted ||
    deployment.stateroot !== stateroot ||
    sameDeployment(deployment, merge) ||
    options.also?.some((one) => sameDeployment(deployment, one)) === true ||
    (index < at ? options.pending === true : options.rollback === true);
  return list.filter(stays);
}
