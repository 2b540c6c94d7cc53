// SPDX-License-Identifier: Apache-2.0
/** Installed packages that nothing has decided: orphans stay where they can, what became unneeded goes. */
import type { Id } from "./pool.ts";
import { preferred } from "./preference.ts";
import type { Level, Search } from "./search.ts";
import type { Decision, State } from "./state.ts";

/** Decides against the open ones. @returns the level where a conflict took decisions back, else `undefined` */
function refuseOpen(search: Search, ids: readonly Id[], decision: Decision): Level | undefined {
  for (const id of ids) {
    if (!search.isOpen(id)) continue;
    const before = search.level;
    const level = search.assume(-id, decision);
    if (level < before) return level;
  }
  return undefined;
}

export function eraseUnneeded(search: Search): Level | undefined {
  const { state } = search;
  if (!state.cleanDependencies) return undefined;
  const going = state.pool.installed.filter((id) => state.clean[id] === 1);
  return refuseOpen(search, going, { kind: "cleandeps" });
}

export function eraseUndecided(search: Search): Level | undefined {
  return refuseOpen(search, search.state.pool.installed, { kind: "cleandeps" });
}

/** resolve_orphaned. @returns the level after it; `undefined` where there was nothing to keep */
export function resolveOrphans(search: Search): Level | undefined {
  const { state } = search;
  const staying = state.orphans.filter((id) => search.isOpen(id) && !state.dropsOrphan(id));
  let level: Level | undefined;
  for (const id of staying) {
    if (!search.isOpen(id)) continue;
    const before = search.level;
    level = search.assume(id, { kind: "orphan" });
    if (level < before) return level;
  }
  if (level !== undefined) return level;
  const refused = refuseOpen(search, state.orphans, { kind: "orphan" });
  return refused ?? meetBrokenOrphans(search);
}

function meetBrokenOrphans(search: Search): Level | undefined {
  const { state } = search;
  const { pool, rules } = state;
  const wanted = new Set<Id>();
  for (const rule of state.brokenOrphanRules) {
    const literals = [...rules.literals(rule)];
    const met = literals.some((literal) =>
      literal < 0 ? !search.isChosen(-literal) : search.isChosen(literal) && !pool.isInstalled(literal),
    );
    if (met) continue;
    for (const literal of literals)
      if (literal > 0 && search.isOpen(literal) && !pool.isInstalled(literal)) wanted.add(literal);
  }
  if (wanted.size === 0) return undefined;
  let level: Level | undefined;
  for (const id of preferred(state, search.weak, [...wanted], "choose")) {
    if (!search.isOpen(id)) continue;
    const before = search.level;
    level = search.assume(id, { kind: "orphan" });
    if (level < before) break;
  }
  return level;
}

/** solver_breakorphans: what orphans require does not hold others back. */
export function breakOrphans(state: State): void {
  const { rules, sections, pool } = state;
  const orphans = new Set(state.orphans.filter((id) => !state.dropsOrphan(id)));
  for (let rule = sections.package.start; rule < sections.package.end; rule++) {
    const literals = [...rules.literals(rule)];
    if (literals[0]! >= 0 || (literals.length < 3 && !(literals[1]! > 0))) continue;
    if (!literals.some((literal) => literal < 0 && pool.isInstalled(-literal) && orphans.has(-literal))) continue;
    state.brokenOrphanRules.push(rule);
    state.setOut(rule, true);
  }
}
