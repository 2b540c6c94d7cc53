// SPDX-License-Identifier: Apache-2.0
/** In which order things are decided: the jobs, what is installed, dependencies (resolve_jobrules and its kin). */
import { choose } from "./choose.ts";
import type { Id } from "./pool.ts";
import { preferred } from "./preference.ts";
import type { Level, Search } from "./search.ts";

export function resolveJobs(search: Search, from: Level): Level {
  const { state } = search;
  const { job } = state.sections;
  let level = from;
  for (let rule = job.start; rule < job.end; rule++) {
    if (state.rules.out[rule]) continue;
    const candidates = search.openCandidates(rule);
    if (candidates.length === 0) continue;
    const before = level;
    level = choose(search, installedFirst(search, rule, candidates), { kind: "job", rule });
    if (level < from) return level;
    if (level === before) rule--;
    else if (level < before) rule = job.start - 1;
  }
  return level;
}

/** What is installed already meets a request, unless it is to be updated. */
function installedFirst({ state }: Search, rule: number, candidates: readonly Id[]): readonly Id[] {
  const { pool } = state;
  if (candidates.length < 2 || pool.installed.length === 0 || state.updateAll || state.options.installAlsoUpdates) {
    return candidates;
  }
  if (state.jobs[state.jobOf.get(rule)!]!.orUpdate) return candidates;
  const installed = candidates.filter((id) => pool.isInstalled(id));
  return installed.length === 0 || installed.some((id) => state.update[id] === 1) ? candidates : installed;
}

/** The position that gave trouble the last time is where to begin. */
export interface InstalledPosition {
  at: number;
}

/** First what is to be updated, then all that can stay, then what could not. */
export function resolveInstalled(search: Search, from: Level, position: InstalledPosition): Level {
  const { state } = search;
  const { installed } = state.pool;
  const firstPass = state.updateAll ? 2 : state.update.includes(1) ? 0 : 1;
  let level = from;
  for (let pass = firstPass; pass < 3;) {
    const passLevel = level;
    let again = false;
    let trouble = false;
    for (let at = position.at, done = 0; done < installed.length; at++, done++) {
      if (at === installed.length) at = 0;
      const id = installed[at]!;
      const before = level;
      const step = decideInstalled(search, id, pass);
      if (step === "later") again = true;
      if (typeof step !== "number") continue;
      level = step;
      if (level > before) {
        // A package that was updated by a choice may need another look: its update rule, and itself.
        at--;
        done--;
        continue;
      }
      if (level < passLevel) {
        trouble = true;
        position.at = at;
        break;
      }
      if (level < before) done = 0;
      at--;
      done--;
    }
    if (trouble) {
      if (level < from) break;
      pass = firstPass;
      continue;
    }
    position.at = 0;
    pass++;
    if (pass === 2 && !again) break;
  }
  return level;
}

/** One decision about an installed package: the level after it, "later", or nothing to decide. */
function decideInstalled(search: Search, id: Id, pass: number): Level | "later" | undefined {
  const { state } = search;
  const { rules } = state;
  const special = state.specialUpdaters.has(id);
  if (search.isChosen(id) && !special) return undefined;
  if (pass === 0 && state.update[id] === 0) return undefined;
  const update = state.updateRule(id);
  let rule = update;
  if (rules.size(rule) === 0 || rules.out[rule]) rule = state.featureRule(id) || update;
  if (rules.size(rule) === 0) return undefined;
  if (state.noUpdate[id] === 0 && (search.isRefused(id) || state.wantsUpdate(id))) {
    if (pass === 1) return "later";
    const updaters = special ? specialUpdaters(search, id) : [];
    if (updaters.length > 0) {
      return choose(search, updaters, { kind: "update", rule: state.featureRule(id) || update });
    }
    const candidates = updateCandidates(search, id, rule);
    if (candidates.length > 0) return choose(search, candidates, { kind: "update", rule });
  }
  if (!search.isOpen(id) || (state.cleanDependencies && state.clean[id] === 1)) return undefined;
  return search.assume(id, { kind: "keep", rule: update });
}

function updateCandidates(search: Search, id: Id, rule: number): Id[] {
  const { rules, updateTargets } = search.state;
  const wanted = rules.wanted(rule);
  if (wanted.some((one) => search.isChosen(one))) return [];
  const targets = updateTargets.get(id);
  return wanted.filter((one) => search.isOpen(one) && (targets === undefined || targets.has(one)));
}

/** get_special_updaters: the newest of a package of which several versions may be installed, if that is another one. */
export function specialUpdaters(search: Search, id: Id): Id[] {
  const { state } = search;
  const { pool } = state;
  const updaters = state.specialUpdaters.get(id)!;
  const possible = [id, ...updaters].filter((one) => !search.isRefused(one));
  for (const one of possible.filter((other) => pool.isInstalled(other))) {
    for (const other of updaters) {
      if (search.isRefused(other) && !pool.isInstalled(other) && pool.identical(other, one)) possible.push(other);
    }
  }
  const targets = state.updateTargets.get(id);
  const kept = targets === undefined ? possible : possible.filter((one) => targets.has(one));
  if (kept.length === 0) return [];
  const [best] = preferred(state, search.weak, kept, "choose");
  return best !== id && search.isOpen(best!) ? [best!] : [];
}

/** Decides all rules that nothing meets yet; those with a real choice after the others. */
export function resolveDependencies(search: Search, from: Level): Level {
  const { state } = search;
  const { rules, sections } = state;
  const count = rules.count;
  const focused = (state.options.focus === "new" || state.options.focus === "best") && state.beforeInstalled;
  let level = from;
  let postponed = 0;
  for (let rule = 1, seen = 1; ; rule++, seen++) {
    if (seen >= count) {
      if (postponed <= 0) break;
      [rule, postponed, seen] = [postponed, -1, 1];
    }
    if (rule === count) rule = 1;
    if (rules.out[rule] || (focused && rule >= sections.feature.start)) continue;
    const first = rules.first(rule);
    if (first < 0 && !search.isChosen(-first)) continue;
    if (focused && !concernsNew(search, rule)) continue;
    const candidates = search.openCandidates(rule);
    if (candidates.length === 0) continue;
    const kept = toClean(search, candidates);
    if (kept.length > 1 && postponed >= 0) {
      const best = preferred(state, search.weak, kept, "choose-unordered");
      if (best.length > 1) {
        if (postponed === 0) postponed = rule;
        continue;
      }
    }
    level = choose(search, kept, { kind: "resolve", rule });
    if (level < from) break;
    seen = 0;
  }
  return level;
}

/** Whether a rule is about a package that comes in anew, and nothing installed would meet it. */
function concernsNew({ state }: Search, rule: number): boolean {
  const { pool, rules } = state;
  if (rules.size(rule) < 3 || pool.installed.length === 0) return true;
  const literals = [...rules.literals(rule)];
  if (!literals.some((literal) => literal < 0 && !pool.isInstalled(-literal))) return false;
  return state.options.focus === "best" || !literals.some((literal) => literal > 1 && pool.isInstalled(literal));
}

/** Of several, the one that would go otherwise; or, where that is to be updated, its updates. */
function toClean(search: Search, candidates: readonly Id[]): readonly Id[] {
  const { state } = search;
  const { pool } = state;
  if (!state.cleanDependencies) return candidates;
  const going = candidates.filter((id) => pool.isInstalled(id) && state.clean[id] === 1);
  const staying = going.find((id) => !state.wantsUpdate(id));
  if (staying !== undefined) return [staying];
  if (going.length === 0) return candidates;
  const updates = new Set(going.flatMap((id) => [id, ...cleanUpdaters(search, id)]));
  return candidates.filter((id) => updates.has(id));
}

function cleanUpdaters(search: Search, id: Id): Id[] {
  const { state } = search;
  const wanted = state.specialUpdaters.get(id) ?? state.rules.wanted(state.updateRule(id));
  const targets = state.updateTargets.get(id);
  return wanted.filter((one) => !search.isRefused(one) && (targets === undefined || targets.has(one)));
}
