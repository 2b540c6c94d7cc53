// SPDX-License-Identifier: Apache-2.0
/** What a solution changes (transaction.c): what comes, what goes, and what takes the place of what. */
import type { Id, Pool } from "./pool.ts";
import type { Search } from "./search.ts";

export interface Transaction {
  /** Come without taking anything's place, in order of their numbers. */
  readonly install: readonly Id[];
  /** By the installed package: what takes its place. */
  readonly upgrade: ReadonlyMap<Id, Id>;
  readonly downgrade: ReadonlyMap<Id, Id>;
  /** The same version again: another architecture, or another build. */
  readonly change: ReadonlyMap<Id, Id>;
  /** Go, with the package that obsoletes each, if one does. */
  readonly erase: ReadonlyMap<Id, Id | undefined>;
}

export function transactionOf(search: Search): Transaction {
  const { state } = search;
  const { pool } = state;
  const coming = search.chosen().filter((id) => !pool.isInstalled(id));
  const going = pool.installed.filter((id) => search.isRefused(id));
  const upgrade = new Map<Id, Id>();
  const downgrade = new Map<Id, Id>();
  const change = new Map<Id, Id>();
  const erase = new Map<Id, Id | undefined>();
  const shown = new Set<Id>();
  for (const id of going) {
    const successor = bestSuccessor(pool, id, coming, (one) => state.isMulti(one));
    if (successor === undefined || pool.name(successor) !== pool.name(id)) {
      erase.set(id, successor);
      continue;
    }
    const order = pool.compareVersions(successor, id);
    (order > 0 ? upgrade : order < 0 ? downgrade : change).set(id, successor);
    shown.add(successor);
  }
  return { install: coming.filter((id) => !shown.has(id)), upgrade, downgrade, change, erase };
}

/** Of the packages that replace an installed one: of its name before others, then the newest. */
function bestSuccessor(pool: Pool, id: Id, coming: readonly Id[], isMulti: (id: Id) => boolean): Id | undefined {
  const found = coming.filter((one) => {
    if (isMulti(one)) return pool.nevra(one) === pool.nevra(id);
    return (pool.name(one) === pool.name(id) && pool.replacesByName(one, id)) || pool.obsoletes(one, id);
  });
  const name = pool.name(id);
  return found.sort(
    (a, b) => Number(pool.name(b) === name) - Number(pool.name(a) === name) || comparePlace(pool, id, a, b),
  )[0];
}

function comparePlace(pool: Pool, id: Id, a: Id, b: Id): number {
  const [nameA, nameB] = [pool.name(a), pool.name(b)];
  if (nameA !== nameB) return nameA < nameB ? -1 : 1;
  const { architecture } = pool.package(id);
  const sameArchitecture = (one: Id) => Number(pool.package(one).architecture === architecture);
  return pool.compareVersions(b, a) || sameArchitecture(b) - sameArchitecture(a) || a - b;
}
