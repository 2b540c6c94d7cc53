// SPDX-License-Identifier: Apache-2.0
/** What packages demand of each other, as rules (solver_addpkgrulesforsolvable): requires, conflicts, obsoletes, one of a name. */
import type { Dependency } from "./dependencies.ts";
import { conjunctive, contrary, type Signed } from "./normal-form.ts";
import { type Id, systemId } from "./pool.ts";
import type { State } from "./state.ts";

/** Why a package's rule exists; made again when a person asks. */
export type PackageRule = {
  readonly literals: readonly Signed[];
  readonly owner: Id;
  readonly kind: "not-installable" | "requires" | "recommends" | "conflicts" | "obsoletes" | "same-name";
  readonly dependency?: Dependency;
};

export class PackageRules {
  readonly #state: State;
  readonly found: PackageRule[] = [];
  /** Packages that a found rule or a weak dependency leads to. */
  readonly #open: Id[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  /** Adds the rules of a package and of all that it may bring in. */
  add(id: Id): void {
    const { added } = this.#state;
    this.#open.push(id);
    // In the order of a queue; taking from its front would cost its length each time.
    for (let at = 0; at < this.#open.length; at++) {
      const next = this.#open[at]!;
      if (added[next] === 1) continue;
      added[next] = 1;
      this.#of(next);
    }
    this.#open.length = 0;
  }

  /** The rules of one package alone. */
  of(id: Id): readonly PackageRule[] {
    this.found.length = 0;
    this.#of(id);
    return this.found;
  }

  #of(id: Id): void {
    const state = this.#state;
    const { pool } = state;
    // What is installed and broken already is not this request's business, unless it is to be verified.
    const lenient = pool.isInstalled(id) && !state.fixAll && state.fix[id] === 0;
    if (!lenient && !pool.installable(id)) this.#push({ literals: [-id], owner: id, kind: "not-installable" });
    for (const one of pool.relation(id, "requires")) this.#requires(id, one, "requires", lenient);
    if (state.options.strongRecommends) {
      for (const one of pool.relation(id, "recommends")) this.#requires(id, one, "recommends", lenient);
    }
    for (const one of pool.relation(id, "conflicts")) this.#conflicts(id, one, lenient);
    this.#obsoletes(id, lenient);
    this.#sameName(id, lenient);
    this.#lockstep(id);
    for (const relation of ["recommends", "suggests"] as const) {
      for (const one of pool.relation(id, relation)) this.#mayBring(one, false);
    }
  }

  #push(rule: PackageRule): void {
    this.found.push(rule);
    for (const literal of rule.literals) this.#reach(literal);
  }

  #reach(literal: Signed): void {
    if (literal > 0 && this.#state.added[literal] === 0) this.#open.push(literal);
  }

  #requires(id: Id, one: Dependency, kind: "requires" | "recommends", lenient: boolean): void {
    if (one.complex) {
      this.#complex(id, one, kind, lenient);
      return;
    }
    const providers = this.#state.pool.providers(one);
    if (providers[0] === systemId || providers.includes(id)) return;
    if (kind === "recommends" && providers.length === 0) return;
    if (lenient && !providers.some((provider) => this.#state.pool.isInstalled(provider))) return;
    this.#push({ literals: [-id, ...providers], owner: id, kind, dependency: one });
  }

  #complex(id: Id, one: Dependency, kind: "requires" | "recommends" | "conflicts", lenient: boolean): void {
    const blocks = kind === "conflicts" ? contrary(this.#state.pool, one) : conjunctive(this.#state.pool, one);
    if (blocks === true) return;
    if (blocks === false) {
      if (!lenient && kind !== "recommends") this.#push({ literals: [-id], owner: id, kind, dependency: one });
      return;
    }
    for (const block of blocks) {
      if (lenient && !block.some((literal) => this.#isAsInstalled(literal))) continue;
      if (block.includes(id) || block.includes(systemId)) continue;
      // A package does not conflict with itself.
      if (kind === "conflicts" && block.length === 1 && block[0] === -id) continue;
      const literals = [...new Set([...block, -id])].filter((literal) => literal !== -systemId).sort((a, b) => a - b);
      this.#push({ literals, owner: id, kind, dependency: one });
    }
  }

  #isAsInstalled(literal: Signed): boolean {
    const { pool } = this.#state;
    return literal > 0 ? pool.isInstalled(literal) : literal !== -systemId && !pool.isInstalled(-literal);
  }

  #conflicts(id: Id, one: Dependency, lenient: boolean): void {
    if (one.complex) {
      this.#complex(id, one, "conflicts", lenient);
      return;
    }
    const { pool } = this.#state;
    for (const other of pool.providers(one)) {
      if (other === id || (lenient && other !== systemId && pool.isInstalled(other))) continue;
      this.#exclude(id, other, "conflicts", one);
    }
  }

  #exclude(id: Id, other: Id, kind: PackageRule["kind"], dependency?: Dependency): void {
    const literals = other === systemId ? [-id] : [-id, -other].sort((a, b) => a - b);
    this.#push({ literals, owner: id, kind, ...(dependency && { dependency }) });
  }

  #obsoletes(id: Id, lenient: boolean): void {
    const state = this.#state;
    if (state.isMulti(id) && state.options.keepExplicitObsoletes === false) return;
    for (const one of state.pool.relation(id, "obsoletes")) {
      for (const other of state.pool.obsoletedBy(id, one)) {
        if (lenient && state.pool.isInstalled(other)) continue;
        this.#exclude(id, other, "obsoletes", one);
      }
    }
  }

  /** A package takes the place of others of its name, unless several versions may be installed. */
  #sameName(id: Id, lenient: boolean): void {
    const { pool } = this.#state;
    if (lenient) return;
    for (const other of pool.named(pool.name(id))) {
      if (other === id || (pool.isInstalled(id) && !pool.isInstalled(other))) continue;
      if (this.#mayStandBeside(id, other) || !pool.replacesByName(id, other)) continue;
      this.#exclude(id, other, "same-name");
    }
  }

  #mayStandBeside(id: Id, other: Id): boolean {
    const state = this.#state;
    const { pool } = state;
    if (!state.isMulti(id) || pool.nevra(id) === pool.nevra(other)) return false;
    return pool.isInstalled(id) || !pool.isInstalled(other) || state.isMulti(other);
  }

  /** A package of a lesser architecture may only come with the better one of the same version: that must be known. */
  #lockstep(id: Id): void {
    const { pool } = this.#state;
    const score = pool.colours ? pool.score(id) : 0;
    if (score <= 1) return;
    for (const other of pool.named(pool.name(id))) {
      const better = pool.score(other);
      if (better > 1 && better < score && pool.compareVersions(id, other) === 0) this.#open.push(other);
    }
  }

  /** pool_add_pos_literals_complex_dep: packages that a weak dependency may bring in. */
  #mayBring(one: Dependency, negated: boolean): void {
    switch (one.kind) {
      case "and":
      case "or":
        this.#mayBring(one.first, negated);
        this.#mayBring(one.second, negated);
        return;
      case "if":
      case "unless":
        this.#mayBring(one.first, negated);
        this.#mayBring(one.condition, !negated);
        if (one.otherwise === undefined) return;
        this.#mayBring(one.condition, negated);
        this.#mayBring(one.otherwise, negated);
        return;
      default:
        if (negated) return;
        for (const id of this.#state.pool.providers(one)) this.#reach(id);
    }
  }

  /** solver_addpkgrulesforweak: packages that would come in by their Supplements, or are preferred for their Enhances. */
  addWeak(): void {
    const { pool, added } = this.#state;
    const weak = [...new Set([...pool.having("supplements"), ...pool.having("enhances")])].sort((a, b) => a - b);
    for (let changed = true; changed;) {
      changed = false;
      for (const id of weak) {
        if (added[id] === 1 || (!pool.isInstalled(id) && !pool.installable(id)) || !this.#isPossible(id)) continue;
        this.add(id);
        changed = true;
      }
    }
  }

  #isPossible(id: Id): boolean {
    const { pool } = this.#state;
    return [...pool.relation(id, "supplements"), ...pool.relation(id, "enhances")].some((one) =>
      isPossible(this.#state, one, this.#state.added),
    );
  }
}

/** solver_dep_possible: whether one of `present` might meet it. */
export function isPossible(state: State, one: Dependency, present: Uint8Array): boolean {
  switch (one.kind) {
    case "if":
    case "unless":
      return true;
    case "and":
      return isPossible(state, one.first, present) && isPossible(state, one.second, present);
    case "or":
      return isPossible(state, one.first, present) || isPossible(state, one.second, present);
    default:
      return state.pool.providers(one).some((id) => present[id] === 1);
  }
}
