// SPDX-License-Identifier: Apache-2.0
/** What static deltas do for a pull: which lead to the wanted commits, what they cost, and their application. */
import { type DeltaPlan, planDelta } from "./delta/pull-delta.ts";
import { ostreeError } from "./errors.ts";
import type { Checksum } from "./model.ts";
import { type Pull, refspecOf } from "./pull-context.ts";
import type { PullStats } from "./pull-options.ts";
import { pullCost } from "./pull-cost.ts";
import { usesDeltas } from "./pull-refs.ts";
import { isTrustNeeded } from "./sign/trust.ts";
import type { IncomingStore } from "./store-fetched.ts";
import { summaryKeys } from "./summary-format.ts";

export type Plans = ReadonlyMap<Checksum, DeltaPlan | "unchanged">;

/** Looks for deltas to every commit that is wanted and not here whole. */
export async function planDeltas({ repo, source, options, resolved, trust }: Pull, incoming: IncomingStore) {
  const plans = new Map<Checksum, DeltaPlan | "unchanged">();
  if (!usesDeltas(repo, source.objects.type === "local", options)) return plans;
  const { summary, indexedDeltas: indexed } = resolved;
  const required = options.requireDeltas ?? false;
  if (required && !indexed && !summary?.summary.metadata.has(summaryKeys.staticDeltas)) {
    const message = "Fetch configured to require static deltas, but no summary deltas or delta index found";
    throw ostreeError("pull-failed", message);
  }
  const digestRequired = isTrustNeeded(trust.summary);
  const context = { repo, source, incoming, summary, indexed, digestRequired, required };
  for (const { commit: to, ref } of resolved.commits) {
    if (repo.has(to, "commit") && !repo.isPartial(to)) {
      if (required) plans.set(to, "unchanged");
      continue;
    }
    const current = ref === undefined ? undefined : repo.tryResolve(refspecOf(ref, options));
    const plan = await planDelta(context, { to, ref, current });
    if (plan) plans.set(to, plan);
    else if (required) {
      throw ostreeError("pull-failed", `Static deltas required, but none found for ${ref ?? ""} to ${to}`);
    }
  }
  return plans;
}

/** Tells what is to come over the network, when every commit and delta says it. */
export function expectBytes(
  { source, progress, options }: Pull,
  plans: Plans,
  missing: readonly (number | undefined)[],
): void {
  if (source.objects.type === "local" || options.subpaths?.length) return;
  let bytes = totalsOf(plans).partBytes;
  for (const one of missing) {
    if (one === undefined) return;
    bytes += one;
  }
  if (bytes > 0) progress.expect(bytes);
}

function totalsOf(plans: Plans) {
  const total = { parts: 0, partBytes: 0, uncompressedBytes: 0, presentParts: 0, presentBytes: 0 };
  for (const plan of plans.values()) {
    if (plan === "unchanged") continue;
    total.parts += plan.parts;
    total.partBytes += plan.partBytes;
    total.uncompressedBytes += plan.uncompressedBytes;
    total.presentParts += plan.present.parts;
    total.presentBytes += plan.present.bytes;
  }
  return total;
}

/** Files that were fetched to find the deltas. */
export function requestsOf(plans: Plans): number {
  return plans.values().reduce((sum, plan) => sum + (plan === "unchanged" ? 0 : plan.requests), 0);
}

export async function applyPlans(plans: Plans) {
  const total = { parts: 0, written: 0 };
  for (const plan of plans.values()) {
    if (plan === "unchanged") continue;
    const { parts, written } = await plan.apply();
    total.parts += parts;
    total.written += written;
  }
  return total;
}

export function dryRunStats(pull: Pull, plans: Plans): Omit<PullStats, "seconds"> {
  const { source, resolved } = pull;
  const cost = pullCost(pull, plans);
  return {
    refs: resolved.refs,
    commits: [],
    local: false,
    deltaParts: 0,
    fetchedMetadata: 0,
    fetchedContent: 0,
    importedMetadata: 0,
    importedContent: 0,
    transferred: source.transferred,
    payload: 0,
    contentWritten: 0,
    deltaContentWritten: 0,
    dryRun: totalsOf(plans),
    ...(cost === undefined ? {} : { cost }),
  };
}
