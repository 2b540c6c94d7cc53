// SPDX-License-Identifier: Apache-2.0
/** Of each name only the best architecture, and a lesser one only together with it (solver_addinfarchrules). */
import type { Id } from "./pool.ts";
import type { State } from "./state.ts";

export function addArchitectureRules(state: State): void {
  for (const id of state.addedNames()) {
    addForName(
      state,
      state.pool.named(state.pool.name(id)).filter((one) => state.added[one] === 1),
    );
  }
}

function addForName(state: State, ids: readonly Id[]): void {
  const { pool } = state;
  const kept = ids.filter((id) => pool.isInstalled(id) && pool.score(id) !== 1);
  const scores = ids.filter((id) => !kept.includes(id)).map((id) => pool.score(id));
  let best = lowest(scores);
  let allowed = new Set(kept.filter((id) => !state.isDistupgraded(id)).map((id) => pool.package(id).architecture));
  if (best === 0 && allowed.size > 1 && pool.colours) {
    best = lowest([...allowed].map((architecture) => pool.architectures.score(architecture)));
  }
  if (best === 0) return;
  if (pool.colours && allowed.size > 0) allowed = withoutLockstep(state, ids, best);
  for (const id of ids) {
    const score = pool.score(id);
    if (score === 1 || score === best) continue;
    if (pool.isInstalled(id)) {
      if (pool.colours) forbid(state, id, best);
    } else if (!isAllowed(state, id, allowed)) forbid(state, id, best);
  }
}

function lowest(scores: readonly number[]): number {
  const real = scores.filter((score) => score > 1);
  return real.length === 0 ? 0 : Math.min(...real);
}

function isAllowed({ pool }: State, id: Id, allowed: ReadonlySet<string>): boolean {
  const { architecture } = pool.package(id);
  if (allowed.has(architecture)) return true;
  const score = pool.score(id);
  return [...allowed].some((one) => pool.architectures.score(one) !== 0 && pool.architectures.score(one) === score);
}

/** Architectures that an installed package of the name has without a better one beside it: they may go on. */
function withoutLockstep(state: State, ids: readonly Id[], best: number): Set<string> {
  const { pool } = state;
  const found = new Set<string>();
  for (const id of ids) {
    if (!pool.isInstalled(id) || state.isDistupgraded(id)) continue;
    const score = pool.score(id);
    if (score === 0) found.add(pool.package(id).architecture);
    else if (score !== 1 && score !== best && partners(state, id, best).length === 0) {
      found.add(pool.package(id).architecture);
    }
  }
  return found;
}

/** Packages of the same name and version in the best architecture or none. */
function partners({ pool }: State, id: Id, best: number): Id[] {
  return pool.named(pool.name(id)).filter((other) => {
    if (other === id || pool.package(other).architecture === pool.package(id).architecture) return false;
    const score = pool.score(other);
    return (score === 1 || score === best) && pool.compareVersions(id, other) === 0;
  });
}

function forbid(state: State, id: Id, best: number): void {
  const { pool, rules } = state;
  if (!pool.colours) {
    rules.add([-id]);
    return;
  }
  const beside = partners(state, id, best);
  if (pool.isInstalled(id) && !beside.some((other) => pool.isInstalled(other))) return;
  rules.add([-id, ...beside]);
}
