// SPDX-License-Identifier: Apache-2.0
/** Policy gives way to what is asked for by name (solver_disablepolicyrules). */
import { markCleanDependencies } from "./clean-dependencies.ts";
import type { Fixed, Job } from "./job.ts";
import type { Id } from "./pool.ts";
import type { SectionName, State } from "./state.ts";
import { type Illegal, illegalChanges, replacedInstalled } from "./updates.ts";

/** Takes out the policy rules that contradict the jobs which still hold; those of jobs that do not are in again. */
export function giveWay(state: State): void {
  for (const rule of state.givenWay) state.setOut(rule, false);
  state.givenWay.clear();
  state.noUpdate.fill(0);
  const jobs = new Set<number>();
  for (const [rule, at] of state.jobOf) if (!state.rules.out[rule]) jobs.add(at);
  for (const at of jobs) {
    const job = state.jobs[at]!;
    if (job.action === "install") giveWayToInstall(state, job);
    else if (job.action === "erase") giveWayToErase(state, job);
    else if (job.action === "lock")
      giveWayToNames(
        state,
        "distupgrade",
        job.packages.filter((id) => state.pool.isInstalled(id)),
      );
  }
  if (!state.cleanDependencies) return;
  markCleanDependencies(state);
  for (const id of state.pool.installed) if (state.clean[id] === 1) giveWayToUpdate(state, id);
}

function takeOut(state: State, rule: number): void {
  if (state.rules.out[rule]) return;
  state.setOut(rule, true);
  state.givenWay.add(rule);
}

/** The package may go, or be replaced. */
function giveWayToUpdate(state: State, id: Id): void {
  state.noUpdate[id] = 1;
  if (state.rules.size(state.updateRule(id)) > 0) takeOut(state, state.updateRule(id));
  if (state.featureRule(id) !== 0) takeOut(state, state.featureRule(id));
  for (const [rule, of] of state.bestInfo) if (of === id) takeOut(state, rule);
}

function giveWayToNames(state: State, section: SectionName, ids: readonly Id[]): void {
  const { pool, rules, sections } = state;
  if (sections[section].start === sections[section].end) return;
  const names = new Set(ids.map((id) => pool.name(id)));
  for (let rule = sections[section].start; rule < sections[section].end; rule++) {
    if (rules.first(rule) < 0 && names.has(pool.name(-rules.first(rule)))) takeOut(state, rule);
  }
}

function giveWayToInstall(state: State, job: Job): void {
  const { pool, rules, sections } = state;
  const fixed = job.fixed ?? new Set<Fixed>();
  if (fixed.size === 0) return;
  if (fixed.has("architecture")) giveWayToNames(state, "architecture", withArchitectureRule(state, job.packages));
  if (fixed.has("repository")) {
    giveWayToNames(state, "distupgrade", job.packages);
    giveWayToNames(state, "priority", job.packages);
  }
  if (fixed.has("evr")) {
    const { start, end } = sections.blacklist;
    for (let rule = start; rule < end; rule++) if (job.packages.includes(-rules.first(rule))) takeOut(state, rule);
  }
  if (pool.installed.length === 0) return;
  const all = fixed.has("evr") && fixed.has("architecture") && fixed.has("vendor");
  const [only] = job.packages;
  if (job.exact && only !== undefined && pool.isInstalled(only) && state.bestInfo.size > 0 && all) {
    if ([...state.bestInfo.values()].includes(only)) giveWayToUpdate(state, only);
    return;
  }
  for (const id of replacedByAll(state, job)) if (all || isLegal(state, id, job, fixed)) giveWayToUpdate(state, id);
}

function withArchitectureRule({ rules, sections }: State, ids: readonly Id[]): Id[] {
  const { start, end } = sections.architecture;
  const forbidden = new Set<Id>();
  for (let rule = start; rule < end; rule++) forbidden.add(-rules.first(rule));
  return ids.filter((id) => forbidden.has(id));
}

/** The installed packages that each of the candidates would replace. */
function replacedByAll(state: State, { packages }: Job): Id[] {
  const { pool, options } = state;
  if (packages.some((id) => pool.isInstalled(id))) return [];
  if (options.keepExplicitObsoletes === false && packages.some((id) => state.isMulti(id))) return [];
  const [first, ...others] = packages.map((id) =>
    replacedInstalled(state, id).filter((other) => !state.isMulti(id) || pool.name(other) !== pool.name(id)),
  );
  return (first ?? []).filter((id) => others.every((replaced) => replaced.includes(id)));
}

const ignoredBy: Readonly<Partial<Record<Fixed, Illegal>>> = {
  evr: "downgrade",
  name: "name",
  architecture: "architecture",
  vendor: "vendor",
};

function isLegal(state: State, installed: Id, job: Job, fixed: ReadonlySet<Fixed>): boolean {
  const ignored = new Set([...fixed].map((one) => ignoredBy[one]));
  return job.packages.every((id) => {
    const illegal = [...illegalChanges(state, installed, id)].filter((one) => !ignored.has(one));
    if (illegal.length === 0) return true;
    if (illegal.length > 1 || illegal[0] !== "downgrade" || !fixed.has("version")) return false;
    const [old, asked] = [state.pool.package(installed).evr, state.pool.package(id).evr];
    return old.epoch !== asked.epoch || old.version !== asked.version;
  });
}

function giveWayToErase(state: State, job: Job): void {
  const { pool } = state;
  const installed = job.packages.filter((id) => pool.isInstalled(id));
  for (const id of installed) giveWayToUpdate(state, id);
  if (!pool.colours || !(job.exact || job.fixed?.has("architecture"))) return;
  giveWayToNames(
    state,
    "architecture",
    installed.filter((id) => isInLockstep(state, id)),
  );
}

/** Whether an installed package is what lets another architecture of it be installed. */
function isInLockstep({ pool, rules, sections }: State, id: Id): boolean {
  const { start, end } = sections.architecture;
  for (let rule = start; rule < end; rule++) {
    const first = rules.first(rule);
    if (first < 0 && pool.isInstalled(-first) && [...rules.literals(rule)].some((one) => Math.abs(one) === id))
      return true;
  }
  return false;
}
