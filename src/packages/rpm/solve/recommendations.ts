// SPDX-License-Identifier: Apache-2.0
import type { Dependency } from "./dependencies.ts";
import { conjunctive } from "./normal-form.ts";
import type { Id } from "./pool.ts";
import { preferred } from "./preference.ts";
import type { Search } from "./search.ts";

/** What the chosen packages would like beside them, chosen or not (solver_get_recommendations). */
export function recommendations(search: Search): { readonly recommended: Id[]; readonly suggested: Id[] } {
  const recommended = wishes(search, "recommends", (id) => search.weak.isSupplementing(id));
  const suggested = wishes(search, "suggests", (id) => search.weak.isEnhancing(id));
  return {
    recommended: preferred(search.state, search.weak, recommended, "suggest"),
    suggested: preferred(
      search.state,
      search.weak,
      suggested.filter((id) => !recommended.includes(id)),
      "suggest",
    ),
  };
}

function wishes(search: Search, relation: "recommends" | "suggests", isWished: (id: Id) => boolean): Id[] {
  const { state } = search;
  const { pool, sat } = state;
  const found = new Set<Id>();
  for (const id of search.chosen()) {
    for (const one of pool.relation(id, relation)) for (const other of meeting(search, one)) found.add(other);
  }
  const all = Array.from({ length: pool.size - 2 }, (_, at) => at + 2);
  return all.filter((id) => sat.assignment[id]! >= 0 && pool.installable(id) && (found.has(id) || isWished(id)));
}

/** Those chosen for it, else all that would do. */
function meeting(search: Search, one: Dependency): Id[] {
  const { pool } = search.state;
  const blocks = one.complex ? conjunctive(pool, one) : [pool.providers(one)];
  if (typeof blocks === "boolean") return [];
  return blocks.flatMap((block) => {
    if (block.some((literal) => literal < 0 && !search.isChosen(-literal))) return [];
    const candidates = block.filter((literal) => literal > 1);
    const chosen = candidates.filter((id) => search.isChosen(id));
    return chosen.length > 0 ? chosen : candidates;
  });
}
