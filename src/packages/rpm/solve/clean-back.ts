// SPDX-License-Identifier: Apache-2.0
import { type Cleaning } from "./clean-dependencies.ts";
import type { Dependency } from "./dependencies.ts";
import { conjunctive } from "./normal-form.ts";
import { type Id, systemId } from "./pool.ts";
import { isPossible } from "./package-rules.ts";

/** Brings back what anything that stays requires, recommends or makes supplemented. */
export function bringBack(cleaning: Cleaning): void {
  const { state, installed, kept } = cleaning;
  const { pool, rules } = state;
  const going = new Uint8Array(pool.size);
  const open: Id[] = [];
  for (const [rule] of state.jobOf) {
    if (rules.size(rule) !== 1 || rules.first(rule) >= -1 || rules.out[rule]) continue;
    kept[-rules.first(rule)] = 0;
    if (pool.isInstalled(-rules.first(rule))) going[-rules.first(rule)] = 1;
  }
  for (const id of state.cleanUpdates) if (pool.isInstalled(id)) going[id] = 1;
  open.push(...pool.installed.filter((id) => kept[id] === 1));
  for (const [rule] of state.jobOf) if (!rules.out[rule]) open.push(...rules.wanted(rule).filter((id) => id > 1));
  const back = (id: Id) => {
    kept[id] = 1;
    open.push(id);
  };
  for (let at = 0; ; at++) {
    if (at >= open.length) for (const id of supplementing(cleaning, going)) back(id);
    const id = open[at];
    if (id === undefined) return;
    for (const other of partners(cleaning, id)) back(other);
    for (const one of [...pool.relation(id, "requires"), ...pool.relation(id, "recommends")]) {
      for (const other of neededBy(cleaning, id, one)) {
        if (other !== systemId && kept[other] === 0 && installed[other] === 1 && going[other] === 0) back(other);
      }
    }
  }
}

function supplementing({ state, kept }: Cleaning, going: Uint8Array): Id[] {
  const { pool } = state;
  return pool.installed.filter(
    (id) =>
      going[id] === 0 && kept[id] === 0 && pool.relation(id, "supplements").some((one) => isPossible(state, one, kept)),
  );
}

/** The package of the best architecture stays with one of a lesser. */
function partners({ state, kept }: Cleaning, id: Id): Id[] {
  const { pool } = state;
  if (!pool.isInstalled(id) || !pool.colours) return [];
  const named = pool.named(pool.name(id));
  const scores = named
    .filter((other) => !pool.isInstalled(other) && pool.score(other) > 1)
    .map((other) => pool.score(other));
  const best = Math.min(...scores);
  if (scores.length === 0 || pool.score(id) === best) return [];
  return named.filter((other) => {
    const beside = pool.isInstalled(other) && kept[other] === 0 && pool.score(other) === best;
    return beside && pool.compareVersions(id, other) === 0;
  });
}

/** None where the package itself meets it. */
function neededBy({ state, installed }: Cleaning, id: Id, one: Dependency): readonly Id[] {
  if (!one.complex) {
    const providers = state.pool.providers(one);
    return providers.includes(id) ? [] : providers;
  }
  const blocks = conjunctive(state.pool, one);
  if (typeof blocks === "boolean") return [];
  const applying = blocks.filter((block) =>
    block.every((literal) => (literal < 0 ? installed[-literal] === 1 : literal !== id)),
  );
  return applying.flatMap((block) => block.filter((literal) => literal > 0));
}
