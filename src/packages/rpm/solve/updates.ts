// SPDX-License-Identifier: Apache-2.0
/** Which packages would update an installed one (policy_findupdatepackages), and what policy forbids (policy_is_illegal). */
import type { Id } from "./pool.ts";
import type { State } from "./state.ts";

export type Illegal = "downgrade" | "architecture" | "vendor" | "name";

/** Packages of other names that obsolete an installed one: by the installed one, in order. */
export function indexObsoleters({ pool, obsoleters }: State): void {
  for (const id of pool.installed) {
    const found = pool
      .obsoletersOf(id)
      .filter((other) => pool.installable(other) && pool.name(other) !== pool.name(id));
    if (found.length > 0) obsoleters.set(id, found);
  }
}

/** @param allow every update, those of a distro-sync, or those that policy allows */
export function findUpdates(state: State, installed: Id, allow: "all" | "distupgrade" | "policy"): Id[] {
  const { pool, options } = state;
  const forbidden = forbiddenChanges(state, allow);
  const found: Id[] = [];
  let providesAndObsoletes = false;
  for (const id of pool.providers(pool.table.of({ name: pool.name(installed) }))) {
    if (id === installed || (pool.isExcluded(id) && !pool.isInstalled(id))) continue;
    if (!pool.replacesByName(installed, id)) continue;
    if (pool.name(id) === pool.name(installed)) {
      if (forbidden.has("downgrade") && pool.compareVersions(installed, id) > 0) continue;
    } else {
      if (options.updateProvides === "ignored" || !pool.obsoletes(id, installed)) continue;
      providesAndObsoletes = true;
    }
    if (changesIllegally(state, installed, id, forbidden)) continue;
    found.push(id);
  }
  if (options.updateProvides === "needed" || (options.updateProvides === undefined && providesAndObsoletes))
    return found;
  for (const id of state.obsoleters.get(installed) ?? []) {
    if (!pool.replacesByName(installed, id) || changesIllegally(state, installed, id, forbidden)) continue;
    found.push(id);
  }
  return found;
}

function forbiddenChanges({ options }: State, allow: "all" | "distupgrade" | "policy"): ReadonlySet<Illegal> {
  if (allow === "all") return new Set();
  if (allow === "distupgrade") return options.distupgradeDenies ?? new Set();
  const forbidden = new Set<Illegal>();
  if (!options.allowDowngrade) forbidden.add("downgrade");
  if (!options.allowArchitectureChange) forbidden.add("architecture");
  if (!options.allowVendorChange) forbidden.add("vendor");
  return forbidden;
}

function changesIllegally(state: State, installed: Id, id: Id, forbidden: ReadonlySet<Illegal>): boolean {
  return (
    (forbidden.has("architecture") && changesArchitecture(state, installed, id)) ||
    (forbidden.has("vendor") && changesVendor(state, installed, id))
  );
}

function changesArchitecture({ pool }: State, installed: Id, id: Id): boolean {
  const [from, to] = [pool.package(installed).architecture, pool.package(id).architecture];
  if (from === to || from === "noarch" || to === "noarch" || !pool.architectures.prefers) return false;
  return pool.score(installed) !== pool.score(id);
}

function changesVendor({ pool }: State, installed: Id, id: Id): boolean {
  return pool.package(installed).vendor !== pool.package(id).vendor;
}

/** What policy says against replacing an installed package by another. */
export function illegalChanges(state: State, installed: Id, id: Id): Set<Illegal> {
  const { pool } = state;
  const forbidden = forbiddenChanges(state, state.isDistupgraded(installed) ? "distupgrade" : "policy");
  const found = new Set<Illegal>();
  const sameName = pool.name(installed) === pool.name(id);
  if (forbidden.has("downgrade") && sameName && pool.compareVersions(installed, id) > 0) found.add("downgrade");
  if (forbidden.has("architecture") && changesArchitecture(state, installed, id)) found.add("architecture");
  if (forbidden.has("vendor") && changesVendor(state, installed, id)) found.add("vendor");
  return found;
}

/** dup_maykeepinstalled: a distro-sync leaves a package that it would install itself. */
export function mayKeepInDistupgrade(state: State, id: Id): boolean {
  const { pool } = state;
  if (state.distupgradeGood[id] === 1) return true;
  return pool.named(pool.name(id)).some((other) => {
    const good = state.distupgrade ? state.distupgradeGood[other] === 1 : !pool.isInstalled(other);
    return good && pool.identical(id, other);
  });
}

/** Whether one package takes the place of an installed one, by its name or by Obsoletes. */
export function replacedInstalled({ pool }: Pick<State, "pool">, id: Id): Id[] {
  const found = pool.named(pool.name(id)).filter((other) => pool.isInstalled(other) && pool.replacesByName(id, other));
  for (const one of pool.relation(id, "obsoletes")) {
    for (const other of pool.obsoletedBy(id, one)) {
      if (pool.isInstalled(other) && !found.includes(other)) found.push(other);
    }
  }
  return found;
}
