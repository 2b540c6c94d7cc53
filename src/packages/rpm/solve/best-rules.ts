// SPDX-License-Identifier: Apache-2.0
/** Where the best candidate is asked for, no other will do (solver_addbestrules). */
import type { Id } from "./pool.ts";
import { preferred } from "./preference.ts";
import type { State } from "./state.ts";
import type { WeakDependencies } from "./weak-dependencies.ts";

export function addBestRules(state: State, weak: WeakDependencies): void {
  const locked = lockedPackages(state);
  for (const [rule, at] of state.jobOf) {
    const job = state.jobs[at]!;
    if (job.action === "install" && job.best) addForJob(state, weak, rule, locked);
  }
  if (!state.bestUpdateAll && !state.bestUpdate.includes(1)) return;
  for (const id of state.pool.installed) {
    if (!state.wantsUpdate(id) || !(state.bestUpdateAll || state.bestUpdate[id] === 1)) continue;
    addForInstalled(state, weak, id, locked);
  }
}

function lockedPackages(state: State): Set<Id> {
  const locked = new Set<Id>();
  for (const [rule, at] of state.jobOf) {
    if (state.jobs[at]!.action === "lock" && state.rules.size(rule) === 1)
      locked.add(Math.abs(state.rules.first(rule)));
  }
  return locked;
}

function addForJob(state: State, weak: WeakDependencies, rule: number, locked: ReadonlySet<Id>): void {
  const { pool, rules } = state;
  const visible = (ids: readonly Id[]) => ids.filter((id) => pool.isInstalled(id) || !pool.isExcluded(id));
  const all = rules.wanted(rule).filter((id) => id > 1);
  const candidates = visible(all);
  if (candidates.length === 0) return;
  const best = preferred(state, weak, candidates, "recommend");
  if (best.length === candidates.length) return;
  if (locked.size > 0) {
    const kept = all.filter((id) => pool.isInstalled(id) && locked.has(id));
    const free = visible(all.filter((id) => pool.isInstalled(id) || !locked.has(id)));
    best.push(...kept, ...preferred(state, weak, free, "recommend"));
  }
  const conditions = [...rules.literals(rule)].filter((literal) => literal < 0);
  const job = state.jobs[state.jobOf.get(rule)!]!;
  state.bestInfo.set(rules.add([...conditions, ...new Set(best)], job.weak ?? false), -rule);
}

function addForInstalled(state: State, weak: WeakDependencies, id: Id, locked: ReadonlySet<Id>): void {
  const { pool, rules } = state;
  const asPolicy = state.options.bestObeysPolicy === true;
  const rule = asPolicy ? state.updateRule(id) : state.widestUpdate(id);
  const special = rule === state.updateRule(id) ? state.specialUpdaters.get(id) : undefined;
  const own = rules.first(rule) === id ? [id] : [];
  const candidates = special === undefined ? rules.wanted(rule) : [...own, ...special];
  const best = bestUpdate(state, weak, id, candidates);
  if (best.length === 0) return;
  if (locked.size > 0) {
    const all = locked.has(id) ? [...new Set([...candidates, id])] : candidates;
    const free = all.filter((one) => pool.isInstalled(one) || !locked.has(one));
    best.push(...all.filter((one) => pool.isInstalled(one) && locked.has(one)), ...bestUpdate(state, weak, id, free));
  }
  if (asPolicy && state.featureRule(id) !== 0) {
    const wider = rules.wanted(state.featureRule(id));
    best.push(...bestUpdate(state, weak, id, wider));
    if (locked.size > 0) {
      const free = wider.filter((one) => pool.isInstalled(one) || !locked.has(one));
      best.push(...bestUpdate(state, weak, id, free));
    }
  }
  addBest(state, id, [...new Set(best)]);
}

function addBest(state: State, id: Id, best: readonly Id[]): void {
  const { rules } = state;
  if (!state.mayUninstall(id)) {
    state.bestInfo.set(rules.add(best), id);
    return;
  }
  // It may go altogether; then only the worse ones are forbidden.
  for (const other of rules.wanted(state.widestUpdate(id))) {
    if (!best.includes(other)) state.bestInfo.set(rules.add([-other, ...best]), id);
  }
}

function bestUpdate(state: State, weak: WeakDependencies, id: Id, candidates: readonly Id[]): Id[] {
  const targets = state.updateTargets.get(id);
  let kept = targets === undefined ? [...candidates] : candidates.filter((one) => targets.has(one));
  // With a distro-sync of everything there is no map of what is involved, and nothing is filtered here.
  if (state.distupgradeInvolved[id] === 1) kept = kept.filter((one) => state.distupgradeGood[one] === 1);
  return preferred(state, weak, kept, "recommend");
}
