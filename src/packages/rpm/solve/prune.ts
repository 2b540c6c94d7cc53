// SPDX-License-Identifier: Apache-2.0
/** Which of several candidates come into question at all (policy.c): by repository, architecture, version, Obsoletes. */
import type { Id, Pool } from "./pool.ts";
import type { State } from "./state.ts";
import { unreached } from "./unreached.ts";

/** Those of the repository that comes first; what is installed stays among them. */
export function bestPriority(state: State, candidates: readonly Id[]): Id[] {
  const { pool } = state;
  const others = candidates.filter((id) => !pool.isInstalled(id));
  if (others.length === 0) return [...candidates];
  const best = Math.max(...others.map((id) => pool.priority(id)));
  const kept = candidates.filter((id) => pool.isInstalled(id) || pool.priority(id) === best);
  return kept.length > 1 && state.distupgrade ? withoutForeign(state, kept) : kept;
}

/** solver_prune_installed_dup_packages: in a distro-sync an installed package counts only where a repository has the same. */
function withoutForeign(state: State, candidates: readonly Id[]): Id[] {
  const { pool } = state;
  const first = candidates.find((id) => !pool.isInstalled(id));
  if (first === undefined) return [...candidates];
  let best = pool.priority(first);
  let kept: Id[] = [];
  for (const id of candidates) {
    if (!pool.isInstalled(id) && pool.priority(id) < best) continue;
    if (pool.isInstalled(id) && state.isDistupgraded(id)) {
      const same = pool
        .named(pool.name(id))
        .filter((other) => !pool.isInstalled(other) && pool.priority(other) >= best && pool.identical(id, other));
      if (same.length === 0) continue;
      const highest = Math.max(...same.map((other) => pool.priority(other)));
      if (highest > best) [best, kept] = [highest, []];
    }
    kept.push(id);
  }
  return kept.length === 0 ? [...candidates] : kept;
}

export function bestPriorityPerName(state: State, candidates: readonly Id[]): Id[] {
  const sorted = [...candidates].sort((a, b) => compareForVersion(state.pool, a, b));
  const groups = Map.groupBy(sorted, (id) => state.pool.name(id));
  return [...groups.values()].flatMap((group) => (group.length > 2 ? bestPriority(state, group) : group));
}

export function bestArchitecture(pool: Pool, candidates: readonly Id[]): Id[] {
  if (!pool.architectures.prefers) return [...candidates];
  const scores = candidates.map((id) => pool.score(id)).filter((score) => score > 1);
  if (scores.length === 0) return [...candidates];
  const best = Math.min(...scores);
  const kept = candidates.filter((id) => pool.score(id) === 1 || pool.score(id) === best);
  return kept.length === 0 ? [...candidates] : kept;
}

/** Of each name the newest, and of these the ones that no other obsoletes. */
export function bestVersion(pool: Pool, candidates: readonly Id[]): Id[] {
  if (candidates.length < 2) return [...candidates];
  const sorted = [...candidates].sort((a, b) => compareForVersion(pool, a, b));
  const best: Id[] = [];
  for (const id of sorted) {
    const last = best.at(-1);
    if (last === undefined || pool.name(last) !== pool.name(id)) best.push(id);
    else if (pool.compareVersions(last, id) < 0) best[best.length - 1] = id;
  }
  return best.length < 2 ? best : withoutObsoleted(pool, best);
}

/** prune_to_best_version_sortcmp */
function compareForVersion(pool: Pool, a: Id, b: Id): number {
  const [nameA, nameB] = [pool.name(a), pool.name(b)];
  if (nameA !== nameB) return nameA < nameB ? -1 : 1;
  const [scoreA, scoreB] = [pool.score(a), pool.score(b)];
  if (scoreA !== scoreB && scoreA > 1 && scoreB > 1) return scoreA - scoreB;
  if (pool.isInstalled(a) !== pool.isInstalled(b)) return pool.isInstalled(a) ? -1 : 1;
  return (pool.repositoryOf(b).subpriority ?? 0) - (pool.repositoryOf(a).subpriority ?? 0) || a - b;
}

/** Drops what another one obsoletes, but not what obsolete each other. */
function withoutObsoleted(pool: Pool, candidates: readonly Id[]): Id[] {
  const among = new Set(candidates);
  const direct = new Map<Id, readonly Id[]>();
  for (const id of candidates) {
    const others = obsoletedOthers(pool, id).filter((other) => among.has(other));
    if (others.length > 0) direct.set(id, others);
  }
  if (direct.size === 0) return [...candidates];
  return unreached(candidates, direct);
}

function obsoletedOthers(pool: Pool, id: Id): Id[] {
  const obsoleted = pool.relation(id, "obsoletes").flatMap((one) => pool.obsoletedBy(id, one));
  return obsoleted.filter((other) => pool.name(other) !== pool.name(id));
}
