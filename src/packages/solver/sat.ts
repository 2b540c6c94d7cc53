// SPDX-License-Identifier: Apache-2.0
/**
 * A CDCL satisfiability solver (watched literals, first unique implication point, back-jumping), after Eén and Sörensson,
 * "An Extensible SAT-solver". Three things are special: clauses may be made when they begin to matter, which is when a
 * variable becomes true (`onTrue`); there is no search of its own, who decides is the caller; and clauses can be taken
 * out again with all that was learned from them, which is how preferences that cannot be kept give way.
 */
import { Assignment } from "./assignment.ts";
import { type Clause, Clauses } from "./clauses.ts";
import { analyze, coreOf, highestLevel } from "./conflict.ts";
import { type Literal, negate } from "./literal.ts";

const nothing: Literal = -1;

export class Sat<Cause> {
  readonly #onTrue: ((variable: number) => void) | undefined;
  /** By literal: the clauses that watch it. */
  readonly #watches: (Clause[] | undefined)[] = [];
  readonly #assignment = new Assignment();
  /** How far on the trail conclusions were drawn. */
  #head = 0;
  /** A clause that was false when it was added; the next `propagate` reports it. */
  #pending: Clause | undefined;

  readonly #clauses = new Clauses<Cause>();
  readonly #firstWatch: Literal[] = [];
  readonly #secondWatch: Literal[] = [];

  conflicts = 0;
  /** Counts how often conclusions were taken back: who keeps something by the trail must look again. */
  reverts = 0;

  /** @param onTrue called whenever a variable was assigned true and is about to be propagated: may add clauses */
  constructor(onTrue?: (variable: number) => void) {
    this.#onTrue = onTrue;
  }

  newVariable(): number {
    this.#watches.push(undefined, undefined);
    return this.#assignment.newVariable();
  }

  /** `true`, `false`, or `undefined` while open. */
  value(variable: number): boolean | undefined {
    const value = this.#assignment.values[variable];
    if (value === undefined || variable >= this.#assignment.reasons.length) throw new Error(`no variable ${variable}`);
    return value === 0 ? undefined : value > 0;
  }

  /** By variable: 1 true, -1 false, 0 open. To be asked for anew after `newVariable`. */
  get assignment(): Readonly<Int8Array> {
    return this.#assignment.values;
  }

  /** All that is decided and concluded, in order. */
  get trail(): readonly Literal[] {
    return this.#assignment.trail;
  }

  get level(): number {
    return this.#assignment.level;
  }

  get clauses(): number {
    return this.#clauses.count;
  }

  levelOf(variable: number): number {
    return this.#assignment.levels[variable]!;
  }

  /** The clause from which a value was concluded; `undefined` where it was decided. */
  reasonOf(variable: number): Clause | undefined {
    return this.#assignment.reasons[variable];
  }

  causeOf(clause: Clause): Cause | undefined {
    return this.#clauses.causeOf(clause);
  }

  /** Adds a clause; it may be unit or false under the present assignment. */
  add(literals: readonly Literal[], cause: Cause): Clause {
    const clause = this.#clauses.add(literals, cause);
    this.#attach(clause);
    return clause;
  }

  /** Assumes a literal that is open, on a new level. */
  decide(literal: Literal): void {
    this.#assignment.beginLevel();
    this.#assignment.assign(literal, undefined);
  }

  /**
   * Assumes a literal and draws all conclusions; learns from conflicts and goes back as far as they demand.
   * @returns the clause that cannot be met at all, or `undefined`: then `level` says whether the assumption stands
   */
  assume(literal: Literal): Clause | undefined {
    this.decide(literal);
    return this.settle();
  }

  /** Draws all conclusions and learns from conflicts, until there is none or there is no solution: then the conflict. */
  settle(): Clause | undefined {
    for (;;) {
      const conflict = this.propagate();
      if (conflict === undefined) return undefined;
      if (!this.resolve(conflict)) return conflict;
    }
  }

  /** Draws all conclusions. The clause that came out false, or `undefined`. */
  propagate(): Clause | undefined {
    for (;;) {
      const conflict = this.#pending ?? this.#propagateNext();
      if (conflict !== undefined) {
        this.#pending = undefined;
        this.#head = this.trail.length;
        return conflict;
      }
      if (this.#head >= this.trail.length && this.#pending === undefined) return undefined;
    }
  }

  /** Learns from a conflict and goes back. False when it follows from the given clauses alone: no solution. */
  resolve(conflict: Clause): boolean {
    this.conflicts++;
    const highest = highestLevel(this.#clauses, this.#assignment, conflict);
    if (highest === 0) return false;
    // A clause made late may be false on an older level than the present one.
    this.backTo(highest);
    const { literals, parents, level } = analyze(this.#clauses, this.#assignment, conflict);
    this.backTo(level);
    this.#attach(this.#clauses.learn(literals, parents));
    return true;
  }

  /** The given clauses from which a conflict on level 0 follows. */
  coreClauses(conflict: Clause): Clause[] {
    return coreOf(this.#clauses, this.#assignment, conflict);
  }

  /** The causes from which a conflict on level 0 follows. */
  core(conflict: Clause): Cause[] {
    const causes = this.coreClauses(conflict).map((clause) => this.#clauses.causeOf(clause));
    return [...new Set(causes.filter((cause) => cause !== undefined))];
  }

  /** Takes a clause out, or in again, and with it all that was learned from it. To be followed by `restart`. */
  setEnabled(clause: Clause, enabled: boolean): void {
    this.#clauses.out[clause] = !enabled;
  }

  /** Forgets all decisions and conclusions, and begins with what clauses of one literal say. */
  restart(): void {
    this.backTo(0);
    this.#unassignFrom(0);
    const clauses = this.#clauses;
    clauses.updateLearned();
    for (let clause = 0; clause < clauses.count; clause++) {
      if (clauses.out[clause] !== true && clauses.end(clause) - clauses.start(clause) < 2) this.#conclude(clause);
    }
  }

  /** Takes back all decisions above `level`. */
  backTo(level: number): void {
    if (this.level <= level) return;
    this.#unassignFrom(this.#assignment.endLevelsAbove(level));
  }

  #unassignFrom(start: number): void {
    this.#assignment.unassignFrom(start);
    this.#head = start;
    this.#pending = undefined;
    this.reverts++;
  }

  #attach(clause: Clause): void {
    const first = this.#bestToWatch(clause, nothing);
    const second = this.#bestToWatch(clause, first);
    this.#firstWatch[clause] = first;
    this.#secondWatch[clause] = second;
    if (second !== nothing) {
      this.#watch(first, clause);
      this.#watch(second, clause);
    }
    this.#conclude(clause);
  }

  #watch(literal: Literal, clause: Clause): void {
    const watching = this.#watches[literal];
    if (watching === undefined) this.#watches[literal] = [clause];
    else watching.push(clause);
  }

  /** What a clause says under the present assignment, its watches being the best ones. */
  #conclude(clause: Clause): void {
    const first = this.#firstWatch[clause]!;
    const second = this.#secondWatch[clause]!;
    if (first === nothing || this.#assignment.valueOf(first) < 0) this.#pending ??= clause;
    else if (second === nothing || this.#assignment.valueOf(second) < 0) {
      if (this.#assignment.valueOf(first) === 0) this.#assignment.assign(first, clause);
    }
  }

  /** The literal besides `other` that is best to watch: one that is not false, else the one that was made so last. */
  #bestToWatch(clause: Clause, other: Literal): Literal {
    let best = nothing;
    let bestRank = -1;
    const { levels } = this.#assignment;
    const { arena } = this.#clauses;
    for (let at = this.#clauses.start(clause); at < this.#clauses.end(clause); at++) {
      const literal = arena[at]!;
      if (literal === other) continue;
      if (this.#assignment.valueOf(literal) >= 0) return literal;
      const rank = levels[literal >> 1]!;
      if (rank > bestRank) [best, bestRank] = [literal, rank];
    }
    return best;
  }

  #propagateNext(): Clause | undefined {
    const literal = this.trail[this.#head];
    if (literal === undefined) return undefined;
    this.#head++;
    if ((literal & 1) === 0 && this.#onTrue !== undefined) {
      this.#onTrue(literal >> 1);
      if (this.#pending !== undefined) return this.#pending;
    }
    return this.#visitWatches(negate(literal));
  }

  /** All clauses that watch `literal`, which has just become false, look for another one to watch. */
  #visitWatches(literal: Literal): Clause | undefined {
    const watching = this.#watches[literal];
    if (watching === undefined) return undefined;
    let kept = 0;
    for (let at = 0; at < watching.length; at++) {
      const clause = watching[at]!;
      if (this.#moveWatch(clause, literal)) continue;
      watching[kept++] = clause;
      if (this.#clauses.out[clause]) continue;
      const other = this.#otherWatch(clause, literal);
      const value = this.#assignment.valueOf(other);
      if (value === 0) this.#assignment.assign(other, clause);
      else if (value < 0) {
        for (at++; at < watching.length; at++) watching[kept++] = watching[at]!;
        watching.length = kept;
        return clause;
      }
    }
    watching.length = kept;
    return undefined;
  }

  #otherWatch(clause: Clause, literal: Literal): Literal {
    const first = this.#firstWatch[clause]!;
    return first === literal ? this.#secondWatch[clause]! : first;
  }

  #moveWatch(clause: Clause, literal: Literal): boolean {
    const other = this.#otherWatch(clause, literal);
    if (this.#assignment.valueOf(other) > 0) return false;
    const { arena } = this.#clauses;
    const end = this.#clauses.end(clause);
    for (let at = this.#clauses.start(clause); at < end; at++) {
      const candidate = arena[at]!;
      if (candidate === other || candidate === literal || this.#assignment.valueOf(candidate) < 0) continue;
      if (this.#firstWatch[clause] === literal) this.#firstWatch[clause] = candidate;
      else this.#secondWatch[clause] = candidate;
      this.#watch(candidate, clause);
      return true;
    }
    return false;
  }
}
