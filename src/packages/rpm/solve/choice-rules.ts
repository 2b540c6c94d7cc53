// SPDX-License-Identifier: Apache-2.0
/**
 * Weak rules that narrow a dependency with several providers to what is installed and its updates, so that nothing comes
 * in beside it (solver_addchoicerules).
 */
import type { Id } from "./pool.ts";
import { preferred } from "./preference.ts";
import type { State } from "./state.ts";
import { illegalChanges, replacedInstalled } from "./updates.ts";
import type { WeakDependencies } from "./weak-dependencies.ts";

export function addChoiceRules(state: State, weak: WeakDependencies): void {
  const { pool, rules, sections } = state;
  if (pool.installed.length === 0) return;
  const forbidden = new Set<Id>();
  for (const { start, end } of [sections.architecture, sections.distupgrade]) {
    for (let rule = start; rule < end; rule++) if (rules.size(rule) === 1) forbidden.add(-rules.first(rule));
  }
  let last = "";
  for (let rule = sections.package.start; rule < sections.package.end; rule++) {
    const narrowed = narrow(state, weak, rule, forbidden);
    if (narrowed === undefined || String(narrowed) === last) continue;
    last = String(narrowed);
    state.choiceInfo.set(rules.add(narrowed, true), rule);
  }
}

interface Successor {
  readonly installed: Id;
  readonly id: Id;
}

function narrow(state: State, weak: WeakDependencies, rule: number, forbidden: ReadonlySet<Id>): number[] | undefined {
  const { pool, rules } = state;
  if (rules.first(rule) >= 0 || rules.size(rule) < 3) return undefined;
  const literals = [...rules.literals(rule)];
  const negatives = literals.filter((literal) => literal < 0);
  const wanted = literals.filter((literal) => literal > 0);
  const { successors, independent } = sortOut(state, wanted, forbidden);
  if (!independent || successors.length === 0) return undefined;
  const kept = negatives.some((literal) => pool.isInstalled(-literal) && !state.wantsUpdate(-literal));
  const counting = kept ? successors : successors.filter((one) => !isLost(state, weak, one, new Set(wanted)));
  if (counting.length === 0) return undefined;
  const unchanged = counting.every(({ installed }) =>
    widestOf(state, installed).every((update) => wanted.includes(update)),
  );
  return unchanged ? undefined : [...negatives, ...counting.map(({ id }) => id)];
}

/** Which of the candidates are installed or follow something that is, and whether there are others. */
function sortOut(state: State, wanted: readonly Id[], forbidden: ReadonlySet<Id>) {
  const { pool } = state;
  const successors: Successor[] = [];
  let independent = false;
  for (const id of wanted) {
    if (id <= 1) continue;
    const installed = pool.isInstalled(id) ? id : replacedInstalled(state, id)[0];
    if (installed === undefined) independent = true;
    else if (installed === id || (!forbidden.has(id) && illegalChanges(state, installed, id).size === 0)) {
      successors.push({ installed, id });
    }
  }
  return { successors, independent };
}

/** Whether the newest version of an installed package no longer provides what it did. */
function isLost(state: State, weak: WeakDependencies, { installed, id }: Successor, wanted: ReadonlySet<Id>): boolean {
  const { pool, options } = state;
  const mayGoDown =
    options.allowDowngrade === true || (state.distupgrade && !options.distupgradeDenies?.has("downgrade"));
  const older = mayGoDown && pool.name(installed) === pool.name(id) && pool.compareVersions(installed, id) > 0;
  if (!older && !state.wantsUpdate(installed)) return false;
  const updates = widestOf(state, installed);
  if (state.rules.size(state.updateRule(installed)) === 0 && state.featureRule(installed) === 0) return false;
  if (updates.length === 0) return true;
  if (updates.every((one) => wanted.has(one))) return false;
  return !(updates.length === 1 ? updates : preferred(state, weak, updates, "choose")).some((one) => wanted.has(one));
}

/** The update rule's packages, or the feature rule's where that has none. */
function widestOf(state: State, installed: Id): Id[] {
  const { rules } = state;
  const rule =
    rules.size(state.updateRule(installed)) === 0 ? state.featureRule(installed) : state.updateRule(installed);
  return rules.wanted(rule);
}

/** solver_disablechoicerules: gives up a choice rule and those that stand in the way of the same packages. */
export function giveUpChoice(state: State, rule: number): void {
  const { rules, sections } = state;
  state.setOut(rule, true);
  const narrowed = new Set(rules.wanted(rule));
  const freed = new Set(rules.wanted(state.choiceInfo.get(rule)!).filter((id) => !narrowed.has(id)));
  for (let other = sections.choice.start; other < sections.choice.end; other++) {
    if (!rules.out[other] && rules.wanted(state.choiceInfo.get(other)!).some((id) => freed.has(id))) {
      state.setOut(other, true);
    }
  }
}

/** solver_check_unneeded_choicerules: those whose dependency is met otherwise. Whether there were any. */
export function dropUnneededChoices(state: State): boolean {
  const { rules, sections, sat } = state;
  let dropped = false;
  for (let rule = sections.choice.start; rule < sections.choice.end; rule++) {
    const of = state.choiceInfo.get(rule)!;
    if (rules.out[rule] || rules.out[of]) continue;
    const kept = rules.wanted(rule);
    if (!rules.wanted(of).some((id) => sat.assignment[id]! > 0 && !kept.includes(id))) continue;
    giveUpChoice(state, rule);
    dropped = true;
  }
  return dropped;
}
