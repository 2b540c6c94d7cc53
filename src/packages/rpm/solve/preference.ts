// SPDX-License-Identifier: Apache-2.0
/** The order in which candidates are tried (policy_filter_unwanted). */
import { rpmvercmp } from "../../../formats/index.ts";
import type { RpmDependency } from "../model.ts";
import { localeOrder } from "./locale-order.ts";
import type { Id, Pool } from "./pool.ts";
import { bestArchitecture, bestPriority, bestPriorityPerName, bestVersion } from "./prune.ts";
import type { State } from "./state.ts";
import type { WeakDependencies } from "./weak-dependencies.ts";

/** For a choice; for a choice without order; for best versions; for suggestions. */
export type Mode = "choose" | "choose-unordered" | "recommend" | "suggest";

export function preferred(state: State, weak: WeakDependencies, candidates: readonly Id[], mode: Mode): Id[] {
  if (!state.hasFavour || candidates.length < 2) return pruned(state, weak, candidates, mode);
  const groups = new Set(candidates.map((id) => state.favour[id]!));
  if (groups.size < 2) return pruned(state, weak, candidates, mode);
  // The favoured first; each group is pruned against those before it.
  const found: Id[] = [];
  for (const favour of [...groups].sort((a, b) => b - a)) {
    const upTo = byFavour(state, candidates).filter((id) => state.favour[id]! >= favour);
    found.push(...pruned(state, weak, upTo, mode).filter((id) => state.favour[id] === favour));
  }
  return found;
}

function pruned(state: State, weak: WeakDependencies, candidates: readonly Id[], mode: Mode): Id[] {
  const { pool } = state;
  let kept = [...candidates];
  if (kept.length > 1) kept = mode === "suggest" ? bestPriorityPerName(state, kept) : bestPriority(state, kept);
  if (kept.length > 1) kept = bestArchitecture(pool, kept);
  if (kept.length > 1) kept = bestVersion(pool, kept);
  if (kept.length < 2 || mode === "recommend" || mode === "suggest") return kept;
  kept = recommended(state, weak, kept);
  if (kept.length < 2 || mode === "choose-unordered") return kept;
  kept = byCommonProvides(pool, newestLast(pool, kept));
  kept = installedNamesFirst(pool, kept);
  if (state.options.kernelAndLocaleOrder) kept = localeOrder(state, kept);
  return byFavour(state, suggestedFirst(state, weak, kept));
}

/** The order in which packages come in that others of the solution supplement. */
export function supplementOrder(state: State, weak: WeakDependencies, candidates: readonly Id[]): Id[] {
  let ordered = byCommonProvides(state.pool, newestLast(state.pool, candidates));
  if (state.options.kernelAndLocaleOrder) ordered = localeOrder(state, ordered);
  return byFavour(state, suggestedFirst(state, weak, ordered));
}

export function byFavour(state: State, candidates: readonly Id[]): Id[] {
  if (!state.hasFavour) return [...candidates];
  return [...candidates].sort((a, b) => state.favour[b]! - state.favour[a]!);
}

/** Those that something chosen recommends, if there are any; what is installed stays. */
function recommended(state: State, weak: WeakDependencies, candidates: readonly Id[]): Id[] {
  const { pool } = state;
  const others = candidates.filter((id) => !pool.isInstalled(id));
  if (others.length < 2) return [...candidates];
  const wanted = new Set(others.filter((id) => weak.isRecommended(id) || weak.isSupplementing(id)));
  return wanted.size === 0 ? [...candidates] : candidates.filter((id) => pool.isInstalled(id) || wanted.has(id));
}

/** dislike_old_versions: what its repository or a better one has in a newer version comes last. */
function newestLast(pool: Pool, candidates: readonly Id[]): Id[] {
  const old = new Set(candidates.filter((id) => !pool.isInstalled(id) && isOld(pool, id)));
  return [...candidates.filter((id) => !old.has(id)), ...candidates.filter((id) => old.has(id))];
}

function isOld(pool: Pool, id: Id): boolean {
  const { architecture } = pool.package(id);
  for (const other of pool.named(pool.name(id))) {
    if (other === id || pool.package(other).architecture !== architecture) continue;
    if (pool.priority(id) > pool.priority(other)) continue;
    if (pool.priority(id) < pool.priority(other) || pool.compareVersions(other, id) > 0) return true;
  }
  return false;
}

/** sort_by_common_dep: where several provide the same thing in different versions, the newer come first. */
function byCommonProvides(pool: Pool, candidates: readonly Id[]): Id[] {
  const entries: { readonly at: number; readonly provide: RpmDependency }[] = [];
  for (const [at, id] of candidates.entries()) {
    const own = { name: pool.name(id), operator: "=" as const, evr: pool.package(id).evr };
    const provides = pool.package(id).dependencies("provides");
    for (const provide of [...provides, ...(provides.some(({ name }) => name === own.name) ? [] : [own])]) {
      if (isComparable(provide)) entries.push({ at, provide });
    }
  }
  const badness = candidates.map(() => 0);
  for (const group of Map.groupBy(entries, ({ provide }) => provide.name).values()) {
    if (group.length < 2) continue;
    const sorted = [...group].sort((a, b) => compareProvides(a.provide, b.provide));
    let worse = 0;
    for (const [at, { at: candidate, provide }] of sorted.entries()) {
      const before = sorted[at - 1];
      if (before && before.at !== candidate && compareProvides(before.provide, provide) < 0) worse++;
      badness[candidate]! += worse;
    }
  }
  if (badness.every((one) => one === 0)) return [...candidates];
  const rank = new Map(candidates.map((id, at) => [id, pool.isInstalled(id) ? 0 : badness[at]!]));
  return [...candidates].sort((a, b) => rank.get(a)! - rank.get(b)!);
}

/** Versions that are hashes say nothing about age. */
function isComparable({ operator, evr }: RpmDependency): boolean {
  if (evr === undefined || (operator !== "=" && operator !== "<=" && operator !== "<")) return false;
  return operator !== "=" || evr.release !== undefined || evr.epoch > 0 || !/^[0-9a-f]{4,}$/.test(evr.version);
}

/** The newer first; releases count only where both have one. */
function compareProvides(a: RpmDependency, b: RpmDependency): number {
  const [first, second] = [a.evr!, b.evr!];
  let order = second.epoch - first.epoch || rpmvercmp(second.version, first.version);
  if (order === 0 && first.release !== undefined && second.release !== undefined) {
    order = rpmvercmp(second.release, first.release);
  }
  return order || Number(a.operator === "<") - Number(b.operator === "<");
}

function installedNamesFirst(pool: Pool, candidates: readonly Id[]): Id[] {
  if (pool.installed.length === 0) return [...candidates];
  const first = new Set(candidates.filter((id) => pool.named(pool.name(id)).some((other) => pool.isInstalled(other))));
  return [...candidates.filter((id) => first.has(id)), ...candidates.filter((id) => !first.has(id))];
}

function suggestedFirst({ pool }: State, weak: WeakDependencies, candidates: readonly Id[]): Id[] {
  const first = new Set(
    candidates.filter((id) => pool.isInstalled(id) || weak.isSuggested(id) || weak.isEnhancing(id)),
  );
  return [...candidates.filter((id) => first.has(id)), ...candidates.filter((id) => !first.has(id))];
}
