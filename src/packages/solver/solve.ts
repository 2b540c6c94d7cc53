// SPDX-License-Identifier: Apache-2.0
/**
 * Chooses packages. The order of choices is a walk: the requested packages first, then what each needs, depth first, in
 * the order of its requirements, taking the first candidate that is possible. It is the walk of apt's
 * pkgDepCache::MarkInstall; "possible" is where the SAT solver comes in: it draws the conclusions of every choice, and
 * when one leads to a contradiction, learns from it, and the walk begins anew, now knowing better.
 */
import type { Cause, Reason, Requirement, Universe } from "./model.ts";
import type { Clause } from "./clauses.ts";
import { type Literal, negative, positive } from "./literal.ts";
import { Sat } from "./sat.ts";

export interface Wanted<Package, Label> {
  /** One of these must be installed; mostly it is one. */
  readonly candidates: readonly Package[];
  readonly label: Label;
}

export interface Problem<Package, Label> {
  readonly universe: Universe<Package, Label>;
  /** In the order of the request. */
  readonly wanted: readonly Wanted<Package, Label>[];
  /** Packages that must not be installed. */
  readonly forbidden: readonly { readonly one: Package; readonly label: Label }[];
}

export type Outcome<Package, Label> =
  | {
      readonly solved: true;
      /** In the order of the walk. */
      readonly chosen: ReadonlyMap<Package, Reason<Package, Label>>;
      readonly statistics: { readonly variables: number; readonly clauses: number; readonly conflicts: number };
    }
  /** `causes` contradict each other, though not each of them need be part of the contradiction. */
  | { readonly solved: false; readonly causes: readonly Cause<Package, Label>[] };

export function solveProblem<Package extends object, Label>(problem: Problem<Package, Label>): Outcome<Package, Label> {
  return new Search(problem).run();
}

class Search<Package extends object, Label> {
  readonly #problem: Problem<Package, Label>;
  readonly #sat: Sat<Cause<Package, Label>>;
  readonly #variables = new Map<Package, number>();
  readonly #packages: Package[] = [];
  readonly #requirements = new Map<Package, readonly Requirement<Package, Label>[]>();
  readonly #expanded = new Set<number>();
  #marked = new Map<Package, Reason<Package, Label>>();

  constructor(problem: Problem<Package, Label>) {
    this.#problem = problem;
    this.#sat = new Sat((variable) => this.#expand(variable));
  }

  run(): Outcome<Package, Label> {
    const sat = this.#sat;
    for (const { one, label } of this.#problem.forbidden) {
      sat.add([negative(this.#variable(one))], { kind: "forbidden", one, label });
    }
    for (const { candidates, label } of this.#problem.wanted) {
      const literals = candidates.map((one) => positive(this.#variable(one)));
      sat.add(literals, { kind: "request", wanted: candidates, label });
    }
    for (;;) {
      const conflict = sat.propagate() ?? this.#walk();
      if (conflict === undefined) {
        const statistics = { variables: this.#packages.length, clauses: sat.clauses, conflicts: sat.conflicts };
        return { solved: true, chosen: this.#marked, statistics };
      }
      if (!sat.resolve(conflict)) return { solved: false, causes: sat.core(conflict) };
    }
  }

  #variable(one: Package): number {
    let variable = this.#variables.get(one);
    if (variable === undefined) {
      variable = this.#sat.newVariable();
      this.#variables.set(one, variable);
      this.#packages.push(one);
    }
    return variable;
  }

  /** A package has come in: from now on its requirements and exclusions count. */
  #expand(variable: number): void {
    if (this.#expanded.has(variable)) return;
    this.#expanded.add(variable);
    const one = this.#packages[variable]!;
    const { universe } = this.#problem;
    for (const { others, label } of universe.exclusions(one)) {
      for (const other of others) {
        const literals = [negative(variable), negative(this.#variable(other))];
        this.#sat.add(literals, { kind: "excludes", one, other, label });
      }
    }
    const requirements = universe.requirements(one);
    this.#requirements.set(one, requirements);
    for (const requirement of requirements) {
      if (requirement.weak || requirement.candidates.includes(one)) continue;
      const literals: Literal[] = [negative(variable)];
      for (const candidate of requirement.candidates) literals.push(positive(this.#variable(candidate)));
      this.#sat.add(literals, { kind: "needs", one, requirement });
    }
  }

  /** Walks until all is met, or until a choice contradicts: the clause that came out false. */
  #walk(): Conflict {
    this.#marked = new Map();
    const roots: Package[] = [];
    for (const { candidates, label } of this.#problem.wanted) {
      const chosen = candidates.find((one) => this.#marked.has(one)) ?? this.#firstPossible(candidates);
      if (chosen === undefined) throw new Error("a request without possible candidate was not seen as a conflict");
      const conflict = this.#take(chosen);
      if (conflict !== undefined) return conflict;
      if (!this.#marked.has(chosen)) this.#marked.set(chosen, { kind: "request", label });
      roots.push(chosen);
    }
    for (const root of roots) {
      const conflict = this.#meet(root);
      if (conflict !== undefined) return conflict;
    }
    return undefined;
  }

  /** Meets what `root` needs. Depth first with a stack of its own: chains may be deeper than the call stack allows. */
  #meet(root: Package): Conflict {
    const stack: { readonly one: Package; next: number }[] = [{ one: root, next: 0 }];
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const requirement = this.#requirements.get(frame.one)?.[frame.next++];
      if (requirement === undefined) {
        stack.pop();
        continue;
      }
      if (requirement.candidates.some((one) => this.#marked.has(one))) continue;
      const chosen = this.#firstPossible(requirement.preferred());
      if (chosen === undefined) {
        if (requirement.weak) continue;
        throw new Error("a requirement without possible candidate was not seen as a conflict");
      }
      const conflict = this.#take(chosen);
      if (conflict !== undefined) return conflict;
      this.#marked.set(chosen, { kind: "needed", by: frame.one, requirement });
      stack.push({ one: chosen, next: 0 });
    }
    return undefined;
  }

  #firstPossible(candidates: Iterable<Package>): Package | undefined {
    for (const one of candidates) if (this.#sat.value(this.#variable(one)) !== false) return one;
    return undefined;
  }

  /** Decides for a package, unless it follows already. */
  #take(one: Package): Conflict {
    const variable = this.#variable(one);
    if (this.#sat.value(variable) === true) return undefined;
    this.#sat.decide(positive(variable));
    return this.#sat.propagate();
  }
}

type Conflict = Clause | undefined;
