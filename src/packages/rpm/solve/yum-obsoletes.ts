// SPDX-License-Identifier: Apache-2.0
/**
 * yum's rule of split packages: all packages that obsolete an installed one by the same dependency come in together, as
 * parts of what it was (solver_addyumobsrules).
 */
import type { Dependency } from "./dependencies.ts";
import type { Id } from "./pool.ts";
import { bestVersion } from "./prune.ts";
import type { State } from "./state.ts";

export function addYumObsoletesRules(state: State): void {
  const { pool, rules } = state;
  for (const one of usedObsoletes(state)) {
    const groups = groupsOf(state, one);
    for (const [at, group] of groups.entries()) {
      for (const id of group) {
        if (pool.isInstalled(id)) continue;
        for (const [otherAt, other] of groups.entries()) if (at !== otherAt) rules.add([-id, ...other]);
      }
    }
  }
}

/** The Obsoletes that name something installed. */
function usedObsoletes(state: State): Set<Dependency> {
  const { pool } = state;
  const found = new Set<Dependency>();
  for (const installed of pool.installed) {
    for (const id of state.obsoleters.get(installed) ?? []) {
      for (const one of pool.relation(id, "obsoletes")) {
        const old = obsoletedInstalled(state, one);
        if (old.some((other) => pool.replacesByName(installed, other))) found.add(one);
      }
    }
  }
  return found;
}

function obsoletedInstalled({ pool }: State, one: Dependency): Id[] {
  if (one.kind !== "plain") return [];
  return pool.named(one.plain.name).filter((id) => pool.isInstalled(id) && pool.matchesName(id, one.plain));
}

/** The packages with the same Obsoletes, by name; empty unless there are at least two names. */
function groupsOf(state: State, one: Dependency): Id[][] {
  const { pool } = state;
  const found = new Set<Id>();
  for (const installed of obsoletedInstalled(state, one)) {
    for (const id of [...(state.obsoleters.get(installed) ?? []), ...pool.named(pool.name(installed))]) {
      if (pool.replacesByName(installed, id) && pool.relation(id, "obsoletes").includes(one)) found.add(id);
    }
  }
  const names = bestVersion(pool, [...found]).map((id) => pool.name(id));
  if (names.length < 2) return [];
  const groups = names.map((name) => [...found].filter((id) => pool.name(id) === name));
  return groups.length < 2 ? [] : groups;
}

/** prune_yumobs: what would come in by these rules with a candidate is no alternative to it. */
export function withoutCompanions(state: State, candidates: readonly Id[]): Id[] {
  const { rules, sections, pool } = state;
  const gone = new Set<Id>();
  for (const [at, id] of candidates.entries()) {
    if (gone.has(id) || at === candidates.length - 1 || pool.relation(id, "obsoletes").length === 0) continue;
    for (let rule = sections.obsoletes.start; rule < sections.obsoletes.end; rule++) {
      if (rules.first(rule) !== -id) continue;
      const companions = rules.wanted(rule);
      for (const other of candidates.slice(at + 1)) if (companions.includes(other)) gone.add(other);
    }
  }
  return candidates.filter((id) => !gone.has(id));
}
