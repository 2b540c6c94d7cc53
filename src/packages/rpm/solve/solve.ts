// SPDX-License-Identifier: Apache-2.0
/** Solves jobs over a pool of RPM packages (solver_solve): makes all rules, then decides. */
import { negative, positive } from "../../solver/literal.ts";
import { addArchitectureRules } from "./architecture-rules.ts";
import { addBestRules } from "./best-rules.ts";
import { addChoiceRules } from "./choice-rules.ts";
import { addDistupgradeRules, markDistupgrade } from "./distupgrade.ts";
import { giveWay } from "./give-way.ts";
import type { Job } from "./job.ts";
import { addJobRules, markInstalled, markSpecial } from "./job-rules.ts";
import { breakOrphans } from "./leftovers.ts";
import { PackageRules } from "./package-rules.ts";
import type { Pool } from "./pool.ts";
import { addBlacklistRules, addPriorityRules, addRecommendsRules } from "./repository-rules.ts";
import { unified } from "./rules.ts";
import { run } from "./run.ts";
import { Search } from "./search.ts";
import { type SolverOptions, State } from "./state.ts";
import { addFeatureRules, addUpdateRules } from "./update-rules.ts";
import { findUpdates, indexObsoleters } from "./updates.ts";
import { WeakDependencies } from "./weak-dependencies.ts";
import { addYumObsoletesRules } from "./yum-obsoletes.ts";

/** What became of the jobs: `problems` is empty when all could be done. */
export function solveJobs(pool: Pool, jobs: readonly Job[], options: SolverOptions): Search {
  const state = new State(pool, jobs, options);
  const weak = new WeakDependencies(state);
  const search = new Search(state, weak);
  markSpecial(state);
  indexObsoleters(state);
  if (pool.installed.length > 0) markInstalled(state);
  state.section("package", () => addPackageRules(state));
  if (jobs.some(({ action }) => action === "distupgrade")) markDistupgrade(state);
  state.section("feature", () => addFeatureRules(state));
  state.section("update", () => addUpdateRules(state));
  state.section("job", () => addJobRules(state));
  state.section("architecture", () => options.ignoreArchitectureOrder || addArchitectureRules(state));
  state.section("distupgrade", () => state.distupgrade && addDistupgradeRules(state));
  state.section("best", () => addBestRules(state, weak));
  state.section("obsoletes", () => options.yumObsoletes && addYumObsoletesRules(state));
  state.section("blacklist", () => addBlacklistRules(state));
  state.section("recommends", () => state.hasDisfavour && addRecommendsRules(state));
  state.section("priority", () => options.strictRepositoryPriority && addPriorityRules(state));
  state.section("choice", () => addChoiceRules(state, weak));
  if (state.cleanUpdates.size > 0) state.cleanDependencies = true;
  hand(state);
  giveWay(state);
  if (state.processOrphans && state.orphans.length > 0 && options.breakOrphans) breakOrphans(state);
  run(search);
  return search;
}

function addPackageRules(state: State): void {
  const { pool, jobs } = state;
  const made = new PackageRules(state);
  for (const id of pool.installed) made.add(id);
  for (const id of pool.installed) for (const update of findUpdates(state, id, "all")) made.add(update);
  for (const { action, packages, scope } of jobs) {
    if (action === "install") for (const id of packages) if (id > 1) made.add(id);
    if (action === "distupgrade" && scope === "all") state.processOrphans = true;
  }
  made.addWeak();
  const recommends = new Set(
    made.found.filter(({ kind }) => kind === "recommends").map(({ literals }) => String(literals)),
  );
  const demanded = new Set(
    recommends.size === 0
      ? []
      : made.found.filter(({ kind }) => kind !== "recommends").map(({ literals }) => String(literals)),
  );
  for (const literals of unified(made.found.map((rule) => rule.literals))) {
    const rule = state.rules.add(literals);
    const text = recommends.size === 0 ? "" : String(literals);
    if (recommends.has(text) && !demanded.has(text)) state.recommendsRules.add(rule);
  }
}

/** Gives the rules to the satisfiability solver. */
function hand(state: State): void {
  const { rules, sat, clauses } = state;
  sat.add([positive(1)], 0);
  for (let rule = 1; rule < rules.count; rule++) {
    if (rules.size(rule) === 0) continue;
    const literals = Array.from(rules.literals(rule), (one) => (one > 0 ? positive(one) : negative(-one)));
    clauses[rule] = sat.add(literals, rule);
    if (rules.out[rule]) sat.setEnabled(clauses[rule]!, false);
  }
}
