// SPDX-License-Identifier: Apache-2.0
/**
 * Decisions on top of the satisfiability solver, and what happens when they cannot be kept: weak rules are given up, and
 * choices are remembered so that they can be reconsidered.
 */
import { negative, positive } from "../../solver/literal.ts";
import { dropUnneededChoices, giveUpChoice } from "./choice-rules.ts";
import type { Dependency } from "./dependencies.ts";
import { giveWay } from "./give-way.ts";
import type { Signed } from "./normal-form.ts";
import { type Id, systemId } from "./pool.ts";
import type { Decision, State } from "./state.ts";
import { WeakDependencies } from "./weak-dependencies.ts";

/** 1 and more: decided and consistent. 0: rules changed, begin anew. -1: there is no solution. */
export type Level = number;

/** A choice among several. Negative: tried. */
export interface Branch {
  readonly candidates: number[];
  /** The level before the decision. */
  readonly level: Level;
  readonly decision: Decision;
  /** For a weak dependency: whose, and which. */
  readonly of?: { readonly id: Id; readonly dependency: Dependency };
}

/** Each unsolvable problem names other rules; more than these nobody reads. */
const problemLimit = 20;

export class Search {
  readonly state: State;
  readonly weak: WeakDependencies;
  readonly branches: Branch[] = [];
  /** The rules that contradict each other, for each problem that was found. */
  readonly problems: (readonly number[])[] = [];

  constructor(state: State, weak: WeakDependencies) {
    this.state = state;
    this.weak = weak;
  }

  get level(): Level {
    return this.state.sat.level + 1;
  }

  isOpen(id: Id): boolean {
    return this.state.sat.assignment[id] === 0;
  }

  isChosen(id: Id): boolean {
    return this.state.sat.assignment[id]! > 0;
  }

  isRefused(id: Id): boolean {
    return this.state.sat.assignment[id]! < 0;
  }

  /** All chosen packages, in the order of their numbers, which is not that of decisions. */
  chosen(): Id[] {
    const positive = this.state.sat.trail.filter((literal) => (literal & 1) === 0 && literal >> 1 > systemId);
    return positive.map((literal) => literal >> 1).sort((a, b) => a - b);
  }

  /** Begins with what rules of one package say. */
  begin(): Level {
    const { sat } = this.state;
    sat.restart();
    this.branches.length = 0;
    const conflict = sat.settle();
    return conflict === undefined ? this.level : this.#contradiction(conflict);
  }

  /** Decides for a package, or against it where negative, and draws the conclusions. */
  assume(literal: Signed, decision: Decision): Level {
    const { sat, decisions } = this.state;
    const before = this.level;
    const id = Math.abs(literal);
    decisions.set(id, decision);
    const conflict = sat.assume(literal > 0 ? positive(id) : negative(id));
    if (conflict !== undefined) return this.#contradiction(conflict);
    if (this.level <= before) this.#forgetBranches(this.level);
    return this.level;
  }

  #forgetBranches(level: Level): void {
    while (this.branches.length > 0 && this.branches.at(-1)!.level >= level) this.branches.pop();
  }

  /** Takes another candidate of an earlier choice. */
  reconsider(branch: Branch, candidate: number): Level {
    const id = branch.candidates[candidate]!;
    branch.candidates[candidate] = -id;
    const place = this.branches.indexOf(branch);
    this.state.sat.backTo(branch.level - 1);
    this.branches.length = place + 1;
    return this.assume(id, branch.decision);
  }

  /** The open candidates of a rule that must be decided: none where it is met, or does not apply. */
  openCandidates(rule: number): Id[] {
    const { rules, sat } = this.state;
    const { arena } = rules;
    const { assignment } = sat;
    const open: Id[] = [];
    const end = rules.end(rule);
    for (let at = rules.start(rule); at < end; at++) {
      const literal = arena[at]!;
      if (literal < 0) {
        if (assignment[-literal]! <= 0) return [];
      } else {
        const value = assignment[literal]!;
        if (value > 0) return [];
        if (value === 0) open.push(literal);
      }
    }
    return open;
  }

  /** The installed packages that go because nothing needs them any more (solver_get_cleandeps). */
  cleaned(): Id[] {
    const { state } = this;
    return state.pool.installed.filter((id) => {
      if (state.clean[id] === 0 || !this.isRefused(id)) return false;
      return !state.rules.wanted(state.updateRule(id)).some((one) => this.isChosen(one));
    });
  }

  dropUnneededChoices(): boolean {
    return dropUnneededChoices(this.state);
  }

  /** analyze_unsolvable: gives up a weak rule if one takes part, else records the problem and goes on without it. */
  #contradiction(conflict: number): Level {
    const { state } = this;
    const core = state.sat.core(conflict).filter((rule) => rule > 0);
    const weak = core.filter((rule) => state.rules.weak.has(rule) || state.recommendsRules.has(rule));
    if (weak.length > 0) {
      this.#giveUpWeak(weak);
      return 0;
    }
    if (state.hasAllowUninstall && this.#uninstall(core)) return 0;
    this.problems.push(core);
    const own = core.filter((rule) => !state.sections.package.has(rule));
    if (own.length === 0 || this.problems.length > problemLimit) return -1;
    for (const rule of own) this.#giveUp(rule);
    giveWay(state);
    return 0;
  }

  #giveUpWeak(weak: readonly number[]): void {
    const { sections, recommendsRules } = this.state;
    const recommends = weak.filter((rule) => sections.recommends.has(rule) || recommendsRules.has(rule));
    const others = weak.filter((rule) => !recommends.includes(rule));
    if (others.length === 0) {
      for (const rule of recommends) this.state.setOut(rule, true);
      return;
    }
    const last = Math.max(...others);
    if (sections.choice.has(last)) giveUpChoice(this.state, last);
    else {
      this.#giveUp(last);
      giveWay(this.state);
    }
  }

  /** Takes out a rule with those that say the same: all of a job, all of a name's architectures. */
  #giveUp(rule: number): void {
    const { state } = this;
    const { sections, jobOf, bestInfo } = state;
    const about = bestInfo.get(rule);
    const job = jobOf.get(about !== undefined && about < 0 ? -about : rule);
    if (job !== undefined) {
      for (const [other, at] of jobOf) if (at === job) state.setOut(other, true);
      for (const [best, of] of bestInfo) if (of < 0 && jobOf.get(-of) === job) state.setOut(best, true);
      return;
    }
    const section = [sections.architecture, sections.distupgrade].find((one) => one.has(rule));
    if (section === undefined) {
      state.setOut(rule, true);
      return;
    }
    const name = state.pool.name(-state.rules.first(rule));
    for (let other = section.start; other < section.end; other++) {
      if (state.pool.name(-state.rules.first(other)) === name) state.setOut(other, true);
    }
  }

  /** solver_autouninstall: lets an installed package go that may go. */
  #uninstall(core: readonly number[]): boolean {
    const { state } = this;
    const { pool, sections, rules, bestInfo } = state;
    let asFeature = 0;
    let asUpdate = 0;
    for (const rule of core) {
      if (!sections.update.has(rule)) continue;
      const id = pool.installed[0]! + rule - sections.update.start;
      if (!state.mayUninstall(id) || pool.isExcluded(id)) continue;
      if (core.some((other) => bestInfo.get(other) === id)) continue;
      if (state.featureRule(id) !== 0) {
        asUpdate = Math.max(asUpdate, rule);
        continue;
      }
      asFeature = Math.max(asFeature, rule);
      if (state.options.keepOrphans && rules.size(rule) === 1 && rules.first(rule) === id) {
        [asFeature, asUpdate] = [rule, 0];
        break;
      }
    }
    const rule = asUpdate || asFeature;
    if (rule === 0) return false;
    state.setOut(rule, true);
    this.#cleanAfter(core, pool.installed[0]! + rule - sections.update.start);
    return true;
  }

  /** What a job with cleandeps lets go takes its dependencies along. */
  #cleanAfter(core: readonly number[], id: Id): void {
    const { state } = this;
    const jobs = core.map((rule) => state.jobOf.get(rule)).filter((at) => at !== undefined);
    if (!state.cleanDependencies || jobs.length === 0) return;
    if (!jobs.every((at) => state.jobs[at]!.cleanDependencies) || state.cleanUpdates.has(id)) return;
    state.cleanUpdates.add(id);
    giveWay(state);
  }
}
