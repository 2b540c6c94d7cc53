// SPDX-License-Identifier: Apache-2.0
/** The clauses of a solver: their literals, who gave them, and of learned ones from which they follow. */
import type { Literal } from "./literal.ts";

/** Clauses are numbered in the order in which they were added or learned. */
export type Clause = number;

export class Clauses<Cause> {
  /** The literals of all clauses, one after the other. Replaced when a clause is added. */
  arena = new Int32Array(256);
  #arenaEnd = 0;
  readonly #starts: number[] = [];
  readonly #causes: (Cause | undefined)[] = [];
  readonly #parents = new Map<Clause, readonly Clause[]>();
  /** By clause: whether it was taken out. */
  readonly out: boolean[] = [];

  get count(): number {
    return this.#starts.length;
  }

  /** Where the literals of a clause begin in the arena. */
  start(clause: Clause): number {
    return this.#starts[clause]!;
  }

  /** Behind the last literal of a clause. */
  end(clause: Clause): number {
    return this.#starts[clause + 1] ?? this.#arenaEnd;
  }

  causeOf(clause: Clause): Cause | undefined {
    return this.#causes[clause];
  }

  add(literals: readonly Literal[], cause: Cause | undefined): Clause {
    const start = this.#arenaEnd;
    const end = start + literals.length;
    if (end > this.arena.length) {
      const larger = new Int32Array(end * 2);
      larger.set(this.arena);
      this.arena = larger;
    }
    for (let at = 0; at < literals.length; at++) this.arena[start + at] = literals[at]!;
    this.#arenaEnd = end;
    this.#causes.push(cause);
    this.out.push(false);
    return this.#starts.push(start) - 1;
  }

  /** @param parents the clauses from which it follows */
  learn(literals: readonly Literal[], parents: readonly Clause[]): Clause {
    const learned = this.add(literals, undefined);
    this.#parents.set(learned, parents);
    return learned;
  }

  /** Takes out what was learned from a clause that is out, and in again what was learned from others. */
  updateLearned(): void {
    for (const [learned, parents] of this.#parents) this.out[learned] = parents.some((parent) => this.out[parent]);
  }

  /**
   * Adds to `given` the clauses that were not learned and from which `from` follows.
   * @param seen clauses that were looked at before
   */
  collectGiven(from: Clause, seen: Set<Clause>, given: Set<Clause>): void {
    const open = [from];
    for (let clause = open.pop(); clause !== undefined; clause = open.pop()) {
      if (seen.has(clause)) continue;
      seen.add(clause);
      const parents = this.#parents.get(clause);
      if (parents === undefined) given.add(clause);
      else open.push(...parents);
    }
  }
}
