// SPDX-License-Identifier: Apache-2.0
/** What the packages chosen so far recommend and suggest, and which others supplement and enhance them. */
import type { Dependency } from "./dependencies.ts";
import { conjunctive } from "./normal-form.ts";
import { type Id, systemId } from "./pool.ts";
import type { State } from "./state.ts";

/** How a dependency is met: not, by what is there, or with something that is chosen anew. */
type Met = 0 | 1 | 2;

export class WeakDependencies {
  readonly #state: State;
  #recommends: Uint8Array;
  #suggests: Uint8Array;
  /** How much of the trail was looked at, and when. */
  #seen = 0;
  #reverts = -1;
  /** Rich dependencies that wait for a package to be decided. */
  readonly #waiting = new Map<Id, { readonly dependency: Dependency; readonly map: Uint8Array }[]>();
  /** Packages taken for chosen while a choice is made early. */
  readonly #assumed: Id[] = [];

  constructor(state: State) {
    this.#state = state;
    this.#recommends = new Uint8Array(state.pool.size);
    this.#suggests = new Uint8Array(state.pool.size);
  }

  isRecommended(id: Id): boolean {
    this.#look();
    return this.#recommends[id] === 1;
  }

  isSuggested(id: Id): boolean {
    this.#look();
    return this.#suggests[id] === 1;
  }

  isSupplementing(id: Id): boolean {
    return this.#state.pool.relation(id, "supplements").some((one) => this.isMet(one));
  }

  isEnhancing(id: Id): boolean {
    return this.#state.pool.relation(id, "enhances").some((one) => this.isMet(one));
  }

  /** Whether one of the things that a package supplements is new: those of old times were decided then. */
  isSupplementingNew(id: Id): boolean {
    return this.#state.pool.relation(id, "supplements").some((one) => this.#met(one) === 2);
  }

  /** Takes packages for chosen until `work` is done. */
  assuming<Result>(ids: readonly Id[], work: () => Result): Result {
    this.#assumed.push(...ids);
    this.#reverts = -1;
    try {
      return work();
    } finally {
      this.#assumed.length = 0;
      this.#reverts = -1;
    }
  }

  #isChosen(id: Id): boolean {
    return this.#state.sat.assignment[id]! > 0 || (this.#assumed.length > 0 && this.#assumed.includes(id));
  }

  /** solver_dep_fulfilled */
  isMet(one: Dependency): boolean {
    switch (one.kind) {
      case "and":
        return this.isMet(one.first) && this.isMet(one.second);
      case "or":
        return this.isMet(one.first) || this.isMet(one.second);
      case "if":
        if (one.otherwise) return this.isMet(this.isMet(one.condition) ? one.first : one.otherwise);
        return this.isMet(one.first) || !this.isMet(one.condition);
      case "unless":
        if (one.otherwise) return this.isMet(this.isMet(one.condition) ? one.otherwise : one.first);
        return this.isMet(one.first) && !this.isMet(one.condition);
      default:
        return this.#state.pool.providers(one).some((id) => id === systemId || this.#isChosen(id));
    }
  }

  #met(one: Dependency): Met {
    const { pool } = this.#state;
    switch (one.kind) {
      case "and": {
        const [first, second] = [this.#met(one.first), this.#met(one.second)];
        return first === 0 || second === 0 ? 0 : (Math.max(first, second) as Met);
      }
      case "or":
        return Math.max(this.#met(one.first), this.#met(one.second)) as Met;
      case "if": {
        const condition = this.#met(one.condition);
        if (one.otherwise === undefined) return Math.max(this.#met(one.first), condition === 0 ? 1 : 0) as Met;
        if (condition === 0) return this.#met(one.otherwise);
        const first = this.#met(one.first);
        return first === 0 ? 0 : (Math.max(first, condition) as Met);
      }
      case "unless":
        if (this.#met(one.condition) === 0) return this.#met(one.first);
        return one.otherwise === undefined ? 0 : this.#met(one.otherwise);
      default: {
        const chosen = pool.providers(one).filter((id) => id === systemId || this.#isChosen(id));
        if (chosen.length === 0) return 0;
        return chosen.some((id) => id !== systemId && !pool.isInstalled(id)) ? 2 : 1;
      }
    }
  }

  /** policy_update_recommendsmap: takes notice of what was decided since. */
  #look(): void {
    const { sat, pool } = this.#state;
    if (this.#reverts !== sat.reverts) {
      this.#reverts = sat.reverts;
      this.#seen = 0;
      this.#waiting.clear();
      this.#recommends.fill(0);
      this.#suggests.fill(0);
      for (const id of this.#assumed) this.#notice(id);
    }
    for (; this.#seen < sat.trail.length; this.#seen++) {
      const literal = sat.trail[this.#seen]!;
      const id = literal >> 1;
      if ((literal & 1) === 1 || id <= systemId || id >= pool.size) continue;
      this.#notice(id);
    }
  }

  #notice(id: Id): void {
    const { pool } = this.#state;
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      this.#waiting.delete(id);
      for (const { dependency, map } of waiting) this.#mark(dependency, map);
    }
    for (const one of pool.relation(id, "recommends")) this.#mark(one, this.#recommends);
    for (const one of pool.relation(id, "suggests")) this.#mark(one, this.#suggests);
  }

  #mark(one: Dependency, map: Uint8Array): void {
    const { pool, sat } = this.#state;
    if (!one.complex) {
      for (const id of pool.providers(one)) map[id] = 1;
      return;
    }
    const blocks = conjunctive(pool, one);
    if (typeof blocks === "boolean") return;
    for (const block of blocks) {
      const negatives = block.filter((literal) => literal < 0).map((literal) => -literal);
      if (negatives.length === block.length || negatives.some((id) => sat.assignment[id]! < 0)) continue;
      const open = negatives.filter((id) => !this.#isChosen(id));
      if (open.length === 0) for (const id of block) if (id > 0) map[id] = 1;
      for (const id of open) {
        const waiting = this.#waiting.get(id) ?? [];
        this.#waiting.set(id, waiting);
        if (!waiting.some((other) => other.dependency === one && other.map === map))
          waiting.push({ dependency: one, map });
      }
    }
  }
}
