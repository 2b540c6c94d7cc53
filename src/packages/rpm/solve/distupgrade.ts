// SPDX-License-Identifier: Apache-2.0
/** A distro-sync: what it is about, and that nothing else remains of it (solver_createdupmaps, solver_addduprules). */
import type { Job } from "./job.ts";
import type { Id } from "./pool.ts";
import type { State } from "./state.ts";
import { replacedInstalled } from "./updates.ts";

export function markDistupgrade(state: State): void {
  const { pool } = state;
  state.distupgrade = true;
  for (const job of state.jobs) {
    if (job.action !== "distupgrade") continue;
    if (job.scope === "all") markAll(state, job);
    else markChosen(state, job);
  }
  if (state.distupgradeAll) state.updateAll = true;
  else for (const id of pool.installed) if (state.distupgradeInvolved[id] === 1) state.update[id] = 1;
}

function markAll(state: State, job: Job): void {
  const { pool } = state;
  state.distupgradeAll = true;
  for (let id = 2; id < pool.size; id++) {
    if (!pool.isInstalled(id) && pool.installable(id)) state.distupgradeGood[id] = 1;
  }
  if (job.best) state.bestUpdateAll = true;
  if (job.cleanDependencies) for (const id of pool.installed) state.cleanUpdates.add(id);
}

function markChosen(state: State, job: Job): void {
  const { pool } = state;
  let targeted = job.targeted === true;
  if (job.scope === "repository") targeted ||= job.packages.some((id) => !pool.isInstalled(id));
  else if (!targeted && !state.options.noAutoTarget) targeted = !job.packages.some((id) => pool.isInstalled(id));
  for (const id of job.packages) {
    if (!pool.isInstalled(id) && (!targeted || !pool.installable(id))) continue;
    markOne(state, id, job, targeted);
  }
}

function markOne(state: State, id: Id, job: Job, targeted: boolean): void {
  const { pool } = state;
  state.distupgradeInvolved[id] = 1;
  if (targeted) state.distupgradeGood[id] = 1;
  for (const other of pool.named(pool.name(id))) {
    state.distupgradeInvolved[other] = 1;
    if (pool.isInstalled(other)) markInstalled(state, other, job, targeted);
    else if (!targeted) state.distupgradeGood[other] = 1;
  }
  if (pool.isInstalled(id)) {
    for (const other of state.obsoleters.get(id) ?? []) {
      if (pool.isInstalled(other)) continue;
      state.distupgradeInvolved[other] = 1;
      if (!targeted) state.distupgradeGood[other] = 1;
    }
  } else if (targeted) {
    for (const other of replacedInstalled(state, id)) {
      if (pool.name(other) === pool.name(id)) continue;
      state.distupgradeInvolved[other] = 1;
      markInstalled(state, other, job, targeted);
    }
  }
}

function markInstalled(state: State, id: Id, job: Job, targeted: boolean): void {
  if (targeted) {
    for (const other of state.obsoleters.get(id) ?? []) {
      if (!state.pool.isInstalled(other)) state.distupgradeInvolved[other] = 1;
    }
  }
  if (job.best && !state.bestUpdateAll) state.bestUpdate[id] = 1;
  if (job.cleanDependencies) state.cleanUpdates.add(id);
}

export function addDistupgradeRules(state: State): void {
  const { pool, rules } = state;
  for (const id of state.addedNames()) {
    for (const one of pool.named(pool.name(id))) {
      if (state.added[one] === 0 || !state.isDistupgraded(one) || state.distupgradeGood[one] === 1) continue;
      if (!pool.isInstalled(one)) rules.add([-one]);
      else if (!pool.isExcluded(one)) forbidInstalled(state, one);
    }
  }
}

function forbidInstalled(state: State, id: Id): void {
  const { pool, rules } = state;
  const same = pool
    .named(pool.name(id))
    .some((other) => state.distupgradeGood[other] === 1 && pool.identical(id, other));
  const widest = rules.size(state.updateRule(id)) === 0 ? state.featureRule(id) : state.updateRule(id);
  const special = state.specialUpdaters.get(id);
  if (same || rules.size(widest) === 0 || (special === undefined && isOnlyItself(state, id, widest))) {
    state.distupgradeGood[id] = 1;
    return;
  }
  rules.add([-id, ...(special ?? [])]);
}

/** No repository knows anything to put in its place. */
function isOnlyItself({ rules, features }: State, id: Id, rule: number): boolean {
  if (rules.size(rule) !== 1 || rules.first(rule) !== id) return false;
  return rules.size(features.get(id) ?? 0) < 2;
}
