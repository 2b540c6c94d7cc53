// SPDX-License-Identifier: Apache-2.0
/** What may become of installed packages: feature rules allow every update, update rules those that policy allows. */
import type { Id } from "./pool.ts";
import { findUpdates, mayKeepInDistupgrade } from "./updates.ts";
import type { State } from "./state.ts";

export function addFeatureRules(state: State): void {
  for (const id of state.pool.installed) {
    const updates = findUpdates(state, id, "all");
    const orphan = state.isDistupgraded(id) && isOrphan(state, id, updates);
    const rule = state.rules.add(orphan ? [] : [id, ...updates]);
    if (!orphan) state.features.set(id, rule);
  }
}

function isOrphan(state: State, id: Id, updates: readonly Id[]): boolean {
  if (mayKeepInDistupgrade(state, id)) return false;
  return !updates.some((one) => !state.pool.isInstalled(one) || mayKeepInDistupgrade(state, one));
}

export function addUpdateRules(state: State): void {
  const { rules } = state;
  for (const id of state.pool.installed) {
    const feature = state.featureRule(id);
    const rule = rules.add(allowedUpdates(state, id, feature));
    rules.out[feature] = true;
    if (rules.size(rule) === 0) {
      state.features.delete(id);
      continue;
    }
    if (feature === 0) continue;
    if (!state.processOrphans && rules.size(feature) === 1) state.orphans.push(id);
    if (String(rules.literals(rule)) === String(rules.literals(feature))) state.features.delete(id);
  }
}

/** The literals of the update rule. */
function allowedUpdates(state: State, id: Id, feature: number): readonly Id[] {
  const { pool } = state;
  if (pool.isExcluded(id)) return [id];
  if (feature === 0) {
    state.orphans.push(id);
    return state.options.keepOrphans && !state.dropsOrphan(id) ? [id] : [];
  }
  const involved = state.isDistupgraded(id);
  const updates = findUpdates(state, id, involved ? "distupgrade" : "policy");
  if (!updates.some((one) => state.isMulti(one))) return [id, ...updates];
  const replacing = updates.filter((one) => !state.isMulti(one) || replaces(state, one, id));
  if (replacing.length === 0 && involved && !mayKeepInDistupgrade(state, id)) {
    state.orphans.push(id);
    state.specialUpdaters.set(id, updates);
    return state.options.keepOrphans && !state.dropsOrphan(id) ? [id] : [id, ...updates];
  }
  if (replacing.length < updates.length && state.wantsUpdate(id)) state.specialUpdaters.set(id, updates);
  return [id, ...replacing];
}

/** Packages of which several versions may be installed only replace by Obsoletes, or the very same. */
function replaces(state: State, one: Id, installed: Id): boolean {
  const { pool } = state;
  if (state.options.keepExplicitObsoletes !== false && pool.obsoletes(one, installed)) return true;
  return pool.nevra(one) === pool.nevra(installed);
}
