// SPDX-License-Identifier: Apache-2.0
/**
 * Which installed packages become unneeded (solver_createcleandepsmap): from what goes, along what it required and
 * recommended; then back from all that stays.
 */
import { bringBack } from "./clean-back.ts";
import type { Dependency } from "./dependencies.ts";
import { conjunctive } from "./normal-form.ts";
import { type Id, systemId } from "./pool.ts";
import { isPossible } from "./package-rules.ts";
import type { State } from "./state.ts";
import { replacedInstalled } from "./updates.ts";
import { withoutDependents } from "./update-seeds.ts";

/** Where the walk stands. */
export interface Cleaning {
  readonly state: State;
  /** All that is installed, and the system. */
  readonly installed: Uint8Array;
  /** What is still taken to be needed. */
  readonly kept: Uint8Array;
  /** What a person wants. */
  readonly wanted: Uint8Array;
}

/** Fills `state.clean`. */
export function markCleanDependencies(state: State): void {
  const { pool } = state;
  const map = () => new Uint8Array(pool.size);
  const cleaning: Cleaning = { state, installed: map(), kept: map(), wanted: wantedPackages(state) };
  const starts = goingPackages(cleaning);
  const open = [...starts];
  for (const id of starts) cleaning.wanted[id] = 0;
  for (const id of pool.installed) if (pool.isExcluded(id)) cleaning.wanted[id] = 1;
  const seeds = updateSeeds(cleaning, open);
  for (const id of [systemId, ...pool.installed]) cleaning.installed[id] = cleaning.kept[id] = 1;
  remove(cleaning, open);
  bringBack(cleaning);
  const staying = new Set([...seeds, ...state.cleanMistakes, ...starts]);
  for (const id of pool.installed) {
    state.clean[id] = cleaning.kept[id] === 1 || staying.has(id) || pool.isExcluded(id) ? 0 : 1;
  }
}

function wantedPackages(state: State): Uint8Array {
  const { pool, rules } = state;
  const wanted = new Uint8Array(pool.size);
  for (const { action, packages } of state.jobs) {
    if (action === "userinstalled") for (const id of packages) if (pool.isInstalled(id)) wanted[id] = 1;
  }
  for (const [rule, at] of state.jobOf) {
    if (rules.out[rule] || state.jobs[at]!.cleanDependencies) continue;
    for (const id of rules.wanted(rule)) if (id > 1 && pool.isInstalled(id)) wanted[id] = 1;
  }
  return wanted;
}

/** What jobs with cleandeps erase or replace. */
function goingPackages({ state, wanted }: Cleaning): Id[] {
  const { pool, rules } = state;
  const found: Id[] = [];
  for (const [rule, at] of state.jobOf) {
    if (rules.out[rule]) continue;
    const job = state.jobs[at]!;
    const first = rules.first(rule);
    if (first < 0 && rules.size(rule) === 1) {
      const id = -first;
      if (id === systemId || !pool.isInstalled(id)) continue;
      wanted[id] = 0;
      if (job.action === "erase" && job.cleanDependencies) found.push(id);
    } else if (first > 0 && job.cleanDependencies) found.push(...replacedByAll(state, rules.wanted(rule)));
  }
  return found;
}

function replacedByAll(state: State, candidates: readonly Id[]): Id[] {
  const { pool } = state;
  if (candidates.length === 1 && pool.isInstalled(candidates[0]!)) return [];
  if (state.options.keepExplicitObsoletes === false && candidates.some((id) => state.isMulti(id))) return [];
  const [first, ...others] = candidates.map((id) => (pool.isInstalled(id) ? [id] : replacedInstalled(state, id)));
  return first!.filter((id) => others.every((replaced) => replaced.includes(id)));
}

/** Packages that are updated with cleandeps count as going; those that no other of them needs stay in question. */
function updateSeeds({ state, wanted }: Cleaning, open: Id[]): Id[] {
  if (state.cleanUpdates.size === 0) return [];
  const updates = [...state.cleanUpdates].filter((id) => state.pool.isInstalled(id));
  const seeds = withoutDependents(state, updates).filter((id) => wanted[id] === 0);
  seeds.push(...updates.filter((id) => wanted[id] === 1));
  for (const id of state.cleanUpdates) {
    if (state.pool.isExcluded(id)) continue;
    open.push(id);
    wanted[id] = 0;
  }
  return seeds;
}

function remove(cleaning: Cleaning, open: Id[]): void {
  const { state, installed, kept, wanted } = cleaning;
  const { pool } = state;
  for (let at = 0; ; at++) {
    if (at >= open.length) open.push(...noLongerSupplementing(cleaning));
    const id = open[at];
    if (id === undefined) return;
    if (kept[id] === 0 || installed[id] === 0 || wanted[id] === 1) continue;
    kept[id] = 0;
    for (const one of [...pool.relation(id, "requires"), ...pool.relation(id, "recommends")]) {
      open.push(...neededOf(cleaning, one).filter((other) => other !== systemId && kept[other] === 1));
    }
  }
}

/** What of the installed packages a dependency leads to. */
export function neededOf({ state, installed }: Cleaning, one: Dependency): Id[] {
  if (!one.complex) return [...state.pool.providers(one)];
  const blocks = conjunctive(state.pool, one);
  if (typeof blocks === "boolean") return [];
  const applying = blocks.filter((block) => block.every((literal) => literal > 0 || installed[-literal] === 1));
  return applying.flatMap((block) => block.filter((literal) => literal > 0));
}

function noLongerSupplementing(cleaning: Cleaning): Id[] {
  const { state, installed, kept, wanted } = cleaning;
  const { pool } = state;
  const found: Id[] = [];
  for (const id of pool.installed) {
    const supplements = pool.relation(id, "supplements");
    if (supplements.length === 0 || kept[id] === 0 || wanted[id] === 1) continue;
    if (supplements.some((one) => isPossible(state, one, kept))) continue;
    for (const one of supplements.filter((other) => isPossible(state, other, installed))) {
      // What is still there of it is kept: it would not make the package come back.
      for (const other of pool.providers(one))
        if (other > 1 && kept[other] === 1 && pool.isInstalled(other)) wanted[other] = 1;
      found.push(id);
    }
  }
  return found;
}
