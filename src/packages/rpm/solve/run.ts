// SPDX-License-Identifier: Apache-2.0
/** The order of decisions of libsolv (solver_run_sat), which is what makes two solvers choose alike. */
import { keepMistakenlyCleaned } from "./clean-mistakes.ts";
import { replacesInstalled } from "./choose.ts";
import type { Id } from "./pool.ts";
import { type InstalledPosition, resolveDependencies, resolveInstalled, resolveJobs } from "./phases.ts";
import type { Branch, Level, Search } from "./search.ts";
import { eraseUndecided, eraseUnneeded, resolveOrphans } from "./leftovers.ts";
import { resolveWeak } from "./weak-phase.ts";

/** @returns whether there is a solution */
export function run(search: Search): boolean {
  const { state } = search;
  const position: InstalledPosition = { at: 0 };
  let level: Level = 0;
  // The level under which the jobs and what is installed must be decided again.
  let floor = 1;
  for (;;) {
    if (level <= 0) {
      if (level < 0) return false;
      position.at = 0;
      level = search.begin();
      if (level <= 0) continue;
      floor = level + 1;
    }
    const before = level;
    if (level < floor) {
      level = resolveSystem(search, level, position);
      if (level < before) continue;
      floor = level + 1;
    }
    if (level < floor) floor = level;
    const resolved = level;
    level = resolveDependencies(search, level);
    if (level < resolved) continue;
    const next = state.cleanDependencies ? eraseUnneeded(search) : undefined;
    const extra = next ?? resolveExtras(search);
    if (extra !== undefined) {
      level = extra;
      continue;
    }
    if (mustBeginAnew(search)) {
      level = 0;
      continue;
    }
    const better = improve(search);
    if (better === undefined) return true;
    level = better;
  }
}

/** The jobs, what they need of new packages where that comes first, and what is installed. */
function resolveSystem(search: Search, from: Level, position: InstalledPosition): Level {
  const { state } = search;
  const { focus } = state.options;
  const system = state.pool.installed.length > 0;
  let level = from;
  if (focus !== "installed") {
    state.beforeInstalled = system;
    const before = level;
    level = resolveJobs(search, level);
    if (level >= before && system && (focus === "new" || focus === "best")) {
      const decided = level;
      level = resolveDependencies(search, level);
      if (level < decided && level >= before) level = before - 1;
    }
    state.beforeInstalled = false;
    if (level < before) return level;
  }
  if (system) {
    const before = level;
    level = resolveInstalled(search, level, position);
    if (level < before) return level < from ? level : from - 1;
  }
  return focus === "installed" ? resolveJobs(search, level) : level;
}

function resolveExtras(search: Search): Level | undefined {
  const { state } = search;
  const weak = state.options.ignoreRecommended ? undefined : resolveWeak(search);
  if (weak !== undefined) return weak;
  if (state.pool.installed.length === 0) return undefined;
  const hasOrphans = state.orphans.length > 0 || state.brokenOrphanRules.length > 0;
  return (hasOrphans ? resolveOrphans(search) : undefined) ?? eraseUndecided(search);
}

function mustBeginAnew(search: Search): boolean {
  const { state } = search;
  if (state.cleanDependencies && keepMistakenlyCleaned(search)) return true;
  const { choice } = state.sections;
  return choice.end > choice.start && search.dropUnneededChoices();
}

/** Takes back a choice that turned out to be needless: another candidate came in anyway, or is recommended. */
function improve(search: Search): Level | undefined {
  let found: { readonly branch: Branch; readonly candidate: number } | undefined;
  for (let at = search.branches.length - 1; at >= 0; at--) {
    const branch = search.branches[at]!;
    const candidate = betterCandidate(search, branch);
    if (candidate !== undefined) found = { branch, candidate };
  }
  return found && search.reconsider(found.branch, found.candidate);
}

function betterCandidate(search: Search, { candidates, level }: Branch): number | undefined {
  const { state, weak } = search;
  const isWanted = (id: Id) => weak.isRecommended(id) || weak.isSupplementing(id);
  let recommended: number | undefined;
  for (const [at, id] of candidates.entries()) {
    if (id <= 0) continue;
    if (search.isChosen(id) && state.sat.levelOf(id) + 1 > level) return at;
    if (state.hasDisfavour && state.favour[id]! < 0) continue;
    if (recommended === undefined && isWanted(id)) recommended = at;
  }
  if (recommended === undefined) return undefined;
  for (const tried of candidates) {
    const id = -tried;
    if (id <= 0 || !search.isChosen(id) || state.sat.levelOf(id) !== level) continue;
    if (state.hasFavour && state.favour[id]! > state.favour[candidates[recommended]!]!) continue;
    if (!replacesInstalled(search, id) && !isWanted(id)) return recommended;
  }
  return undefined;
}
