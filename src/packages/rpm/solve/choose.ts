// SPDX-License-Identifier: Apache-2.0
/** Chooses one of several candidates (selectandinstall). */
import { byFavour, preferred } from "./preference.ts";
import type { Id } from "./pool.ts";
import type { Level, Search } from "./search.ts";
import type { Decision } from "./state.ts";
import { replacedInstalled } from "./updates.ts";
import { withoutCompanions } from "./yum-obsoletes.ts";

export function choose(search: Search, candidates: readonly Id[], decision: Decision): Level {
  const { state, weak } = search;
  let kept = candidates.length > 1 ? preferred(state, weak, candidates, "choose") : [...candidates];
  if (kept.length > 1 && state.beforeInstalled) kept = asIfInstalled(search, kept);
  const { obsoletes } = state.sections;
  if (kept.length > 1 && obsoletes.end > obsoletes.start) kept = withoutCompanions(state, kept);
  if (kept.length > 1) branch(search, kept, decision);
  return search.assume(kept[0]!, decision);
}

export function branch(search: Search, candidates: readonly Id[], decision: Decision): void {
  const [first, ...others] = candidates;
  search.branches.push({ candidates: [-first!, ...others], level: search.level, decision });
}

/** Whether a package takes the place of an installed one that may be updated, or is installed itself. */
export function replacesInstalled(search: Search, id: Id): boolean {
  const { pool, noUpdate } = search.state;
  if (pool.isInstalled(id) && noUpdate[id] === 0) return true;
  return replacedInstalled(search.state, id).some((other) => noUpdate[other] === 0);
}

/**
 * While jobs are done the installed packages are not decided yet; candidates that replace one come first, and those that go
 * with what will stay (prune_dq_for_future_installed, reorder_dq_for_future_installed).
 */
function asIfInstalled(search: Search, candidates: readonly Id[]): Id[] {
  const { state, weak } = search;
  const { pool } = state;
  const replacing = candidates.filter((id) => replacesInstalled(search, id));
  const kept = replacing.length > 0 ? replacing : [...candidates];
  if (kept.length < 2) return kept;
  const staying = pool.installed.filter((id) => state.noUpdate[id] === 0 && search.isOpen(id));
  if (staying.length === 0) return kept;
  return weak.assuming(staying, () => {
    const suggested = (id: Id) => pool.isInstalled(id) || weak.isSuggested(id) || weak.isEnhancing(id);
    const recommended = (id: Id) => pool.isInstalled(id) || weak.isRecommended(id) || weak.isSupplementing(id);
    const bySuggestion = [...kept.filter((id) => suggested(id)), ...kept.filter((id) => !suggested(id))];
    const ordered = [...bySuggestion.filter((id) => recommended(id)), ...bySuggestion.filter((id) => !recommended(id))];
    return byFavour(state, ordered);
  });
}
