// SPDX-License-Identifier: Apache-2.0
/** Once all that must be is there: what is recommended and what supplements it (resolve_weak). */
import { branch } from "./choose.ts";
import type { Dependency } from "./dependencies.ts";
import { conjunctive } from "./normal-form.ts";
import type { Id } from "./pool.ts";
import { preferred, supplementOrder } from "./preference.ts";
import type { Level, Search } from "./search.ts";

/** @returns the level after it; `undefined` where there is nothing to do */
export function resolveWeak(search: Search): Level | undefined {
  const { state, weak } = search;
  const recommended = withoutObsoleted(search, recommendedPackages(search));
  let supplementing = withoutObsoleted(search, supplementingPackages(search));
  const all = [...new Set([...recommended, ...supplementing])];
  const [only] = all;
  if (only === undefined) return undefined;
  if (all.length === 1) return search.assume(only, { kind: "weak" });
  const best = new Set(preferred(state, weak, all, "recommend"));
  supplementing = supplementing.filter((id) => best.has(id));
  const decided = state.sat.trail.length;
  for (const id of supplementing.length > 1 ? supplementOrder(state, weak, supplementing) : supplementing) {
    if (!search.isOpen(id)) continue;
    const before = search.level;
    const level = search.assume(id, { kind: "weak" });
    if (level <= before) return level;
  }
  if (state.sat.trail.length < decided) return search.level;
  return followRecommends(search, best, decided);
}

function followRecommends(search: Search, best: ReadonlySet<Id>, decided: number): Level {
  const { state, weak } = search;
  const { pool, sat, options } = state;
  for (let at = 0; at < decided; at++) {
    const literal = sat.trail[at]!;
    const id = literal >> 1;
    if ((literal & 1) === 1 || id <= 1 || (!options.addAlreadyRecommended && pool.isInstalled(id))) continue;
    for (const one of pool.relation(id, "recommends")) {
      let open = openFor(search, one, (candidate) => best.has(candidate));
      if (open.length > 1) open = preferred(state, weak, open, "choose");
      const [first] = open;
      if (first === undefined) continue;
      const decision = { kind: "weak" as const };
      if (open.length > 1) branch(search, open, decision);
      const before = search.level;
      const level = search.assume(first, decision);
      if (level <= before || sat.trail.length < decided) return level;
    }
  }
  return search.level;
}

/** All candidates for what the chosen packages recommend and is not there. */
function recommendedPackages(search: Search): Id[] {
  const { state } = search;
  const { pool, options } = state;
  const found = new Set<Id>();
  for (const id of search.chosen()) {
    if (!options.addAlreadyRecommended && pool.isInstalled(id)) continue;
    for (const one of pool.relation(id, "recommends")) {
      for (const candidate of openFor(search, one, (other) => mayComeWeakly(search, other))) found.add(candidate);
    }
  }
  return [...found].filter((id) => !isUnwelcome(search, id));
}

function mayComeWeakly({ state }: Search, id: Id): boolean {
  return !(state.processOrphans && state.pool.isInstalled(id) && state.dropsOrphan(id));
}

function isUnwelcome({ state }: Search, id: Id): boolean {
  return (state.hasDisfavour && state.favour[id]! < 0) || state.weakExcluded[id] === 1;
}

/** Open candidates of a dependency; none where it is met. */
function openFor(search: Search, one: Dependency, accepts: (id: Id) => boolean): Id[] {
  const { pool } = search.state;
  if (!one.complex) {
    const providers = pool.providers(one);
    if (providers.some((id) => search.isChosen(id))) return [];
    return providers.filter((id) => search.isOpen(id) && accepts(id));
  }
  const blocks = conjunctive(pool, one);
  if (typeof blocks === "boolean") return [];
  const found = new Set<Id>();
  for (const block of blocks) {
    const applies = block.every((literal) => (literal < 0 ? search.isChosen(-literal) : !search.isChosen(literal)));
    if (!applies) continue;
    for (const literal of block) if (literal > 0 && search.isOpen(literal) && accepts(literal)) found.add(literal);
  }
  return [...found];
}

function supplementingPackages(search: Search): Id[] {
  const { state, weak } = search;
  const { pool, options } = state;
  const found: Id[] = [];
  for (const id of state.supplementing) {
    if (!search.isOpen(id)) continue;
    if (!weak.isSupplementing(id) || !mayComeWeakly(search, id) || isUnwelcome(search, id)) continue;
    if (!options.addAlreadyRecommended && !weak.isSupplementingNew(id)) continue;
    if (state.isMulti(id) && pool.named(pool.name(id)).some((other) => search.isChosen(other))) continue;
    if (pool.colours && hasOtherArchitecture(search, id)) continue;
    found.push(id);
  }
  return found;
}

function hasOtherArchitecture(search: Search, id: Id): boolean {
  const { pool } = search.state;
  const { architecture } = pool.package(id);
  return pool
    .named(pool.name(id))
    .some((other) => search.isChosen(other) && pool.package(other).architecture !== architecture);
}

/** What installed packages obsolete does not come back. */
function withoutObsoleted(search: Search, ids: readonly Id[]): Id[] {
  const { state } = search;
  const { pool, options } = state;
  if (ids.length === 0 || pool.installed.length === 0) return [...ids];
  const obsoleted = new Set<Id>();
  for (const id of pool.installed) {
    if (!search.isChosen(id) || (options.keepExplicitObsoletes === false && state.isMulti(id))) continue;
    for (const one of pool.relation(id, "obsoletes"))
      for (const other of pool.obsoletedBy(id, one)) obsoleted.add(other);
  }
  return ids.filter((id) => !obsoleted.has(id));
}
