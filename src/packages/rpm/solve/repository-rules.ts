// SPDX-License-Identifier: Apache-2.0
/** Rules about where packages come from: blacklists, strict priorities, disfavoured recommendations. */
import type { State } from "./state.ts";

/** solver_addblackrules: packages that only come in where they are asked for by version. */
export function addBlacklistRules(state: State): void {
  const { pool, rules } = state;
  const jobs = state.jobs.filter(({ action }) => action === "blacklist");
  const installedNames = new Set(
    jobs.flatMap(({ packages }) => packages.filter((id) => pool.isInstalled(id)).map((id) => pool.name(id))),
  );
  for (const { packages } of jobs) {
    for (const id of packages) {
      if (!pool.isInstalled(id) && !installedNames.has(pool.name(id))) rules.add([-id]);
    }
  }
}

/** solver_addstrictrepopriorules: a name that a better repository has is not taken from another. */
export function addPriorityRules(state: State): void {
  const { pool, rules } = state;
  for (const id of state.addedNames()) {
    const named = pool.named(pool.name(id));
    const best = Math.max(pool.priority(id), ...named.map((one) => pool.priority(one)));
    for (const one of named) {
      if (state.added[one] === 1 && !pool.isInstalled(one) && pool.priority(one) < best) rules.add([-one]);
    }
  }
}

/** solver_addrecommendsrules: what is disfavoured is no way to meet a recommendation. */
export function addRecommendsRules(state: State): void {
  const { rules, favour } = state;
  for (const rule of state.recommendsRules) {
    const literals = [...rules.literals(rule)];
    const kept = literals.filter((literal) => literal < 0 || favour[literal]! >= 0);
    if (kept.length === literals.length) continue;
    rules.out[rule] = true;
    if (kept.length > 1 && kept.some((literal) => literal > 0)) rules.add(kept, true);
  }
}
