// SPDX-License-Identifier: Apache-2.0
import type { Id } from "./pool.ts";

/** Those of `ids` to which no way leads but from such as they lead to themselves: a circle does not drop its own members. */
export function unreached(ids: readonly Id[], edges: ReadonlyMap<Id, readonly Id[]>): Id[] {
  const reached = new Map([...edges.keys()].map((id) => [id, reachable(edges, id)]));
  return ids.filter((id) =>
    reached.entries().every(([other, from]) => other === id || !from.has(id) || reached.get(id)?.has(other) === true),
  );
}

function reachable(edges: ReadonlyMap<Id, readonly Id[]>, from: Id): Set<Id> {
  const seen = new Set<Id>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const next of edges.get(id) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return seen;
}
