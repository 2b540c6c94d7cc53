// SPDX-License-Identifier: Apache-2.0
/** What is asked for, as rules, and the maps that jobs without rules fill. */
import type { Job } from "./job.ts";
import { type Id, systemId } from "./pool.ts";
import type { State } from "./state.ts";

/** Jobs that say something about installed packages before any rule is made. */
export function markInstalled(state: State): void {
  const { pool } = state;
  for (const job of state.jobs) {
    const installed = job.packages.filter((id) => pool.isInstalled(id));
    if (job.action === "verify") {
      if (job.scope === "all") state.fixAll = true;
      for (const id of installed) state.fix[id] = 1;
    } else if (job.action === "update") markUpdate(state, job, installed);
    else if (job.action === "droporphaned") {
      if (job.scope === "all") state.dropOrphansAll = true;
      for (const id of installed) state.dropOrphans[id] = 1;
    } else if (job.action === "allowuninstall") {
      state.hasAllowUninstall = true;
      for (const id of installed) state.allowUninstall[id] = 1;
    }
  }
  state.hasAllowUninstall ||= state.options.allowUninstall === true;
}

function markUpdate(state: State, job: Job, installed: readonly Id[]): void {
  const everything = job.scope === "all" || (job.scope === "repository" && installed.length > 0 && !job.targeted);
  if (everything) {
    state.updateAll = true;
    if (job.best) state.bestUpdateAll = true;
    if (job.cleanDependencies) for (const id of state.pool.installed) state.cleanUpdates.add(id);
    return;
  }
  const aboutInstalled = job.scope === undefined && !job.targeted && installed.length > 0;
  if (!aboutInstalled) {
    if (!job.targeted && state.options.noAutoTarget) return;
    for (const id of job.packages) addTarget(state, id, job);
    return;
  }
  for (const id of installed) markOneUpdate(state, id, job);
}

function markOneUpdate(state: State, id: Id, job: Job): void {
  state.update[id] = 1;
  if (job.best) state.bestUpdate[id] = 1;
  if (job.cleanDependencies) state.cleanUpdates.add(id);
}

/** add_update_target: installed packages that `id` would replace are to be updated to it. */
function addTarget(state: State, id: Id, job: Job): void {
  const { pool } = state;
  const aim = (installed: Id, target: Id) => {
    state.update[installed] = 1;
    const targets = state.updateTargets.get(installed) ?? new Set();
    state.updateTargets.set(installed, targets.add(target));
  };
  const sameName = pool
    .named(pool.name(id))
    .filter((other) => pool.isInstalled(other) && pool.replacesByName(id, other));
  if (pool.isInstalled(id)) {
    aim(id, id);
    for (const other of sameName) aim(other, id);
    return;
  }
  const found = new Set(sameName);
  for (const one of pool.relation(id, "obsoletes")) {
    for (const other of pool.obsoletedBy(id, one)) if (pool.isInstalled(other)) found.add(other);
  }
  const same = sameName.findLast((other) => pool.identical(id, other));
  for (const other of found) {
    aim(other, id);
    if (same !== undefined) aim(other, same);
    if (job.best) state.bestUpdate[other] = 1;
    if (job.cleanDependencies) state.cleanUpdates.add(other);
  }
}

/** Maps of packages that are special. */
export function markSpecial(state: State): void {
  for (const [at, job] of state.jobs.entries()) {
    if (job.action === "multiversion") for (const id of job.packages) state.multiversion[id] = 1;
    if (job.action === "excludefromweak") for (const id of job.packages) state.weakExcluded[id] = 1;
    if (job.action !== "favor" && job.action !== "disfavor") continue;
    state.hasFavour = true;
    state.hasDisfavour ||= job.action === "disfavor" && job.packages.length > 0;
    for (const id of job.packages) state.favour[id] = job.action === "favor" ? 2 * at + 1 : -(2 * at + 1);
  }
}

export function addJobRules(state: State): void {
  const wanted = new Set(state.jobs.flatMap(({ action, packages }) => (action === "install" ? packages : [])));
  for (const [at, job] of state.jobs.entries()) {
    const add = (literals: readonly number[]) => state.jobOf.set(state.rules.add(literals, job.weak ?? false), at);
    if (job.cleanDependencies && (job.action === "install" || job.action === "erase")) state.cleanDependencies = true;
    if (job.rules !== undefined) for (const literals of job.rules) add(literals);
    else if (job.action === "install") {
      if (job.packages.length > 0) add(job.packages.includes(systemId) ? [systemId] : job.packages);
      else if (!job.optional) add([-systemId]);
    } else if (job.action === "erase") addErase(state, job, wanted, add);
    else if (job.action === "lock") {
      for (const id of job.packages) add([state.pool.isInstalled(id) ? id : -id]);
    }
  }
}

function addErase(state: State, job: Job, wanted: ReadonlySet<Id>, add: (literals: readonly number[]) => void): void {
  const { pool } = state;
  for (const id of job.packages) add([-id]);
  const installed = job.packages.filter((id) => pool.isInstalled(id));
  const [only] = installed;
  if (!job.exact || only === undefined || installed.length > 1) return;
  // When one package is to go, others of its name do not come in its place.
  for (const id of pool.named(pool.name(only))) {
    if (pool.isInstalled(id) || wanted.has(id) || job.packages.includes(id) || !pool.replacesByName(only, id)) continue;
    add([-id]);
  }
}
