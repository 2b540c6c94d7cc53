// SPDX-License-Identifier: Apache-2.0
/**
 * A CDCL satisfiability solver (watched literals, first unique implication point, back-jumping), after Eén and Sörensson,
 * "An Extensible SAT-solver". Two things are special: clauses are made when they begin to matter, which is when a
 * variable becomes true (`onTrue`), and there is no search of its own: who decides is the caller.
 */

/** Variable v is the literal 2v when true, 2v+1 when false. */
export type Literal = number;
export const positive = (variable: number): Literal => variable * 2;
export const negative = (variable: number): Literal => variable * 2 + 1;
export const negate = (literal: Literal): Literal => literal ^ 1;
export const variableOf = (literal: Literal): number => literal >> 1;

export interface Clause<Cause> {
  /** The first two are watched. */
  readonly literals: Literal[];
  /** Given clauses have a cause; learned ones follow from other clauses. */
  readonly cause: Cause | undefined;
  readonly parents: readonly Clause<Cause>[];
}

const unassigned = 0;
const isTrue = 1;
const isFalse = 2;

export class Sat<Cause> {
  readonly #onTrue: (variable: number) => void;
  /** By literal. */
  readonly #watches: Clause<Cause>[][] = [];
  readonly #values: number[] = [];
  readonly #levels: number[] = [];
  readonly #reasons: (Clause<Cause> | undefined)[] = [];
  readonly #trail: Literal[] = [];
  readonly #trailStarts: number[] = [];
  #head = 0;
  /** A clause that was false when it was added; the next `propagate` reports it. */
  #pending: Clause<Cause> | undefined;
  conflicts = 0;
  clauses = 0;

  /** @param onTrue called once whenever a variable was assigned true and is about to be propagated: adds its clauses */
  constructor(onTrue: (variable: number) => void) {
    this.#onTrue = onTrue;
  }

  newVariable(): number {
    this.#watches.push([], []);
    this.#reasons.push(undefined);
    this.#levels.push(0);
    return this.#values.push(unassigned) - 1;
  }

  /** `true`, `false`, or `undefined` while open. */
  value(variable: number): boolean | undefined {
    const value = this.#values[variable];
    if (value === undefined) throw new Error(`no variable ${variable}`);
    return value === unassigned ? undefined : value === isTrue;
  }

  get level(): number {
    return this.#trailStarts.length;
  }

  /** Adds a clause without repeated or opposite literals; it may be unit or false under the present assignment. */
  add(literals: Literal[], cause: Cause): void {
    this.#attach({ literals, cause, parents: [] });
  }

  /** Assumes a literal that is open, on a new level. */
  decide(literal: Literal): void {
    this.#trailStarts.push(this.#trail.length);
    this.#assign(literal, undefined);
  }

  /** Draws all conclusions. The clause that came out false, or `undefined`. */
  propagate(): Clause<Cause> | undefined {
    for (;;) {
      const conflict = this.#pending ?? this.#propagateNext();
      if (conflict !== undefined) {
        this.#pending = undefined;
        this.#head = this.#trail.length;
        return conflict;
      }
      if (this.#head >= this.#trail.length && this.#pending === undefined) return undefined;
    }
  }

  /** Learns from a conflict and goes back. False when it follows from the given clauses alone: no solution. */
  resolve(conflict: Clause<Cause>): boolean {
    this.conflicts++;
    if (this.#highest(conflict) === 0) return false;
    // A clause made late may be false on an older level than the present one.
    this.#backTo(this.#highest(conflict));
    const { literals, parents, level } = this.#analyze(conflict);
    this.#backTo(level);
    this.#attach({ literals, cause: undefined, parents });
    return true;
  }

  /** The causes from which a conflict on level 0 follows. */
  core(conflict: Clause<Cause>): Cause[] {
    const causes = new Set<Cause>();
    const seen = new Set<Clause<Cause>>();
    const open = [conflict];
    for (let clause = open.pop(); clause !== undefined; clause = open.pop()) {
      if (seen.has(clause)) continue;
      seen.add(clause);
      if (clause.cause !== undefined) causes.add(clause.cause);
      open.push(...clause.parents);
      for (const literal of clause.literals) {
        const reason = this.#reasons[variableOf(literal)];
        if (reason !== undefined && this.#levels[variableOf(literal)] === 0) open.push(reason);
      }
    }
    return [...causes];
  }

  #literalValue(literal: Literal): number {
    const value = this.#values[literal >> 1]!;
    return value === unassigned ? unassigned : value ^ ((literal & 1) * 3);
  }

  #assign(literal: Literal, reason: Clause<Cause> | undefined): void {
    const variable = literal >> 1;
    this.#values[variable] = (literal & 1) === 0 ? isTrue : isFalse;
    this.#levels[variable] = this.level;
    this.#reasons[variable] = reason;
    this.#trail.push(literal);
  }

  #attach(clause: Clause<Cause>): void {
    this.clauses++;
    const { literals } = clause;
    this.#bringForward(literals, 0);
    this.#bringForward(literals, 1);
    const [first, second] = literals;
    if (second !== undefined) {
      this.#watches[first!]!.push(clause);
      this.#watches[second]!.push(clause);
    }
    if (first === undefined || this.#literalValue(first) === isFalse) this.#pending ??= clause;
    else if (second === undefined || this.#literalValue(second) === isFalse) {
      if (this.#literalValue(first) === unassigned) this.#assign(first, clause);
    }
  }

  /** Puts the literal that is best to watch at `place`: one that is not false, else the one that was made so last. */
  #bringForward(literals: Literal[], place: number): void {
    let best = place;
    for (let at = place + 1; at < literals.length; at++) {
      if (this.#watchRank(literals[at]!) > this.#watchRank(literals[best]!)) best = at;
    }
    if (best !== place) [literals[place], literals[best]] = [literals[best]!, literals[place]!];
  }

  #watchRank(literal: Literal): number {
    return this.#literalValue(literal) === isFalse ? this.#levels[literal >> 1]! : Number.MAX_SAFE_INTEGER;
  }

  #propagateNext(): Clause<Cause> | undefined {
    const literal = this.#trail[this.#head];
    if (literal === undefined) return undefined;
    this.#head++;
    if ((literal & 1) === 0) {
      this.#onTrue(literal >> 1);
      if (this.#pending !== undefined) return this.#pending;
    }
    return this.#visitWatches(negate(literal));
  }

  /** All clauses that watch `literal`, which has just become false, look for another one to watch. */
  #visitWatches(literal: Literal): Clause<Cause> | undefined {
    const watching = this.#watches[literal]!;
    let kept = 0;
    let conflict: Clause<Cause> | undefined;
    for (let at = 0; at < watching.length; at++) {
      const clause = watching[at]!;
      if (conflict !== undefined || !this.#moveWatch(clause, literal)) {
        watching[kept++] = clause;
        if (conflict === undefined && this.#concludes(clause)) conflict = clause;
      }
    }
    watching.length = kept;
    return conflict;
  }

  #moveWatch(clause: Clause<Cause>, literal: Literal): boolean {
    const { literals } = clause;
    if (literals[0] === literal) [literals[0], literals[1]] = [literals[1]!, literal];
    if (this.#literalValue(literals[0]!) === isTrue) return false;
    for (let at = 2; at < literals.length; at++) {
      if (this.#literalValue(literals[at]!) !== isFalse) {
        [literals[1], literals[at]] = [literals[at]!, literal];
        this.#watches[literals[1]]!.push(clause);
        return true;
      }
    }
    return false;
  }

  /** The clause has only its first literal left. True when that is false too. */
  #concludes(clause: Clause<Cause>): boolean {
    const first = clause.literals[0]!;
    const value = this.#literalValue(first);
    if (value === unassigned) this.#assign(first, clause);
    return value === isFalse;
  }

  #highest({ literals }: Clause<Cause>): number {
    return literals.reduce((highest, literal) => Math.max(highest, this.#levels[literal >> 1]!), 0);
  }

  #analyze(conflict: Clause<Cause>): { literals: Literal[]; parents: Clause<Cause>[]; level: number } {
    const seen = new Set<number>();
    const lower: Literal[] = [];
    const parents: Clause<Cause>[] = [];
    let clause: Clause<Cause> | undefined = conflict;
    let open = 0;
    let at = this.#trail.length;
    let asserted: Literal = 0;
    do {
      parents.push(clause);
      for (const literal of clause.literals) {
        const variable = literal >> 1;
        if (seen.has(variable)) continue;
        seen.add(variable);
        const level = this.#levels[variable]!;
        if (level === this.level) open++;
        else if (level > 0) lower.push(literal);
        else if (this.#reasons[variable] !== undefined) parents.push(this.#reasons[variable]);
      }
      do at--;
      while (!seen.has(this.#trail[at]! >> 1));
      asserted = negate(this.#trail[at]!);
      clause = this.#reasons[asserted >> 1]!;
      open--;
    } while (open > 0);
    const level = lower.reduce((highest, literal) => Math.max(highest, this.#levels[literal >> 1]!), 0);
    return { literals: [asserted, ...lower], parents, level };
  }

  #backTo(level: number): void {
    if (this.level <= level) return;
    const start = this.#trailStarts[level]!;
    for (let at = this.#trail.length - 1; at >= start; at--) {
      const variable = this.#trail[at]! >> 1;
      this.#values[variable] = unassigned;
      this.#reasons[variable] = undefined;
    }
    this.#trail.length = start;
    this.#trailStarts.length = level;
    this.#head = start;
    this.#pending = undefined;
  }
}
