// SPDX-License-Identifier: Apache-2.0
/** solver_check_cleandeps_mistakes: what seemed unneeded, and turned out to be needed or wanted by what stays. */
import { giveWay } from "./give-way.ts";
import type { Id } from "./pool.ts";
import type { Search } from "./search.ts";

/** @returns whether there were any: then the search begins anew, keeping them */
export function keepMistakenlyCleaned(search: Search): boolean {
  const { state } = search;
  const found = new Set<Id>();
  for (const id of state.pool.installed) {
    for (const needed of neededByKept(search, id)) found.add(needed);
    if (state.clean[id] === 1 && isMistake(search, id)) found.add(id);
  }
  for (const id of found) state.cleanMistakes.add(id);
  if (found.size > 0) giveWay(state);
  return found.size > 0;
}

/** Also what is needed for scripts only, and is met in another way now. */
function neededByKept(search: Search, id: Id): Id[] {
  const { state } = search;
  const { pool } = state;
  if (!search.isChosen(id)) return [];
  return pool
    .relation(id, "requires")
    .flatMap((one) =>
      pool
        .providers(one)
        .filter(
          (other) =>
            other > 1 && pool.isInstalled(other) && other !== id && !search.isChosen(other) && state.clean[other] === 1,
        ),
    );
}

function isMistake(search: Search, id: Id): boolean {
  const { state, weak } = search;
  const holds = (rule: number) => state.rules.wanted(rule).some((one) => search.isChosen(one));
  const widest = state.widestUpdate(id);
  if (state.rules.size(widest) === 0) return false;
  if (!holds(widest)) return weak.isRecommended(id) || weak.isSupplementing(id);
  const update = state.updateRule(id);
  if (update !== widest && state.rules.size(update) > 0 && !holds(update)) return true;
  return [...state.bestInfo].some(([rule, of]) => of === id && !holds(rule));
}
