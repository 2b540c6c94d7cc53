// SPDX-License-Identifier: Apache-2.0
import type { Dependency } from "./dependencies.ts";
import { conjunctive } from "./normal-form.ts";
import { type Id } from "./pool.ts";
import { isPossible } from "./package-rules.ts";
import type { State } from "./state.ts";
import { unreached } from "./unreached.ts";

/**
 * Of several installed packages those that no other one of them needs (filter_unneeded): first by all that they require,
 * recommend and supplement, then without what they require, for what came by a weak dependency only.
 */
export function withoutDependents(state: State, ids: readonly Id[]): Id[] {
  if (ids.length < 2) return [...ids];
  const requires = new Map(ids.map((id) => [id, needs(state, ids, id, "requires")]));
  const weakly = new Map(ids.map((id) => [id, needs(state, ids, id, "recommends")]));
  addSupplements(state, ids, weakly);
  const all = new Map(ids.map((id) => [id, [...requires.get(id)!, ...weakly.get(id)!]]));
  const kept = unreached(ids, all);
  const among = new Map(kept.map((id) => [id, weakly.get(id)!.filter((other) => kept.includes(other))]));
  return unreached(kept, among);
}

function needs({ pool }: State, ids: readonly Id[], id: Id, relation: "requires" | "recommends"): Id[] {
  const among = new Set(ids);
  return pool.relation(id, relation).flatMap((one) => {
    const installed = candidates(pool, one).filter((other) => other !== id && other > 1 && pool.isInstalled(other));
    // Where there are several nobody can say which is needed.
    return installed.length === 1 || one.complex ? installed.filter((other) => among.has(other)) : [];
  });
}

function candidates(pool: State["pool"], one: Dependency): readonly Id[] {
  if (!one.complex) return pool.providers(one);
  const blocks = conjunctive(pool, one);
  if (typeof blocks === "boolean") return [];
  const applying = blocks.filter((block) => block.every((literal) => literal > 0 || pool.isInstalled(-literal)));
  return applying.flatMap((block) => block.filter((literal) => literal > 0));
}

function addSupplements(state: State, ids: readonly Id[], edges: ReadonlyMap<Id, Id[]>): void {
  const { pool } = state;
  const installed = new Uint8Array(pool.size);
  for (const id of pool.installed) installed[id] = 1;
  for (const id of ids) {
    for (const one of pool.relation(id, "supplements")) {
      if (!isPossible(state, one, installed)) continue;
      const [only, ...others] = pool.providers(one);
      if (only !== undefined && others.length === 0 && only !== id) edges.get(only)?.push(id);
    }
  }
}
