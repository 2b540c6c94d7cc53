// SPDX-License-Identifier: Apache-2.0
/**
 * A CDCL satisfiability solver (watched literals, first unique implication point, back-jumping), after Eén and Sörensson,
 * "An Extensible SAT-solver". Three things are special: clauses may be made when they begin to matter, which is when a
 * variable becomes true (`onTrue`); there is no search of its own, who decides is the caller; and clauses can be taken
 * out again with all that was learned from them, which is how preferences that cannot be kept give way.
 */

/** Variable v is the literal 2v when true, 2v+1 when false. */
export type Literal = number;
export const positive = (variable: number): Literal => variable * 2;
export const negative = (variable: number): Literal => variable * 2 + 1;
export const negate = (literal: Literal): Literal => literal ^ 1;
export const variableOf = (literal: Literal): number => literal >> 1;

/** Clauses are numbered in the order in which they were added or learned. */
export type Clause = number;

const nothing: Literal = -1;

export class Sat<Cause> {
  readonly #onTrue: ((variable: number) => void) | undefined;
  /** By literal: the clauses that watch it. */
  readonly #watches: (Clause[] | undefined)[] = [];
  /** By variable: 1 true, -1 false, 0 open. */
  #values = new Int8Array(64);
  #levels = new Int32Array(64);
  readonly #reasons: (Clause | undefined)[] = [];
  readonly #trail: Literal[] = [];
  readonly #trailStarts: number[] = [];
  #head = 0;
  /** A clause that was false when it was added; the next `propagate` reports it. */
  #pending: Clause | undefined;

  /** The literals of all clauses, one after the other. */
  #arena = new Int32Array(256);
  #arenaEnd = 0;
  readonly #starts: number[] = [];
  readonly #firstWatch: Literal[] = [];
  readonly #secondWatch: Literal[] = [];
  readonly #out: boolean[] = [];
  readonly #causes: (Cause | undefined)[] = [];
  /** Of learned clauses: those from which they follow. */
  readonly #parents = new Map<Clause, readonly Clause[]>();

  conflicts = 0;
  /** Counts how often conclusions were taken back: who keeps something by the trail must look again. */
  reverts = 0;

  /** @param onTrue called whenever a variable was assigned true and is about to be propagated: may add clauses */
  constructor(onTrue?: (variable: number) => void) {
    this.#onTrue = onTrue;
  }

  newVariable(): number {
    const variable = this.#reasons.push(undefined) - 1;
    this.#watches.push(undefined, undefined);
    if (variable >= this.#values.length) {
      this.#values = grown(this.#values, new Int8Array(variable * 2));
      this.#levels = grown(this.#levels, new Int32Array(variable * 2));
    }
    return variable;
  }

  /** `true`, `false`, or `undefined` while open. */
  value(variable: number): boolean | undefined {
    const value = this.#values[variable];
    if (value === undefined || variable >= this.#reasons.length) throw new Error(`no variable ${variable}`);
    return value === 0 ? undefined : value > 0;
  }

  /** By variable: 1 true, -1 false, 0 open. To be asked for anew after `newVariable`. */
  get assignment(): Readonly<Int8Array> {
    return this.#values;
  }

  /** All that is decided and concluded, in order. */
  get trail(): readonly Literal[] {
    return this.#trail;
  }

  get level(): number {
    return this.#trailStarts.length;
  }

  get clauses(): number {
    return this.#starts.length;
  }

  levelOf(variable: number): number {
    return this.#levels[variable]!;
  }

  /** The clause from which a value was concluded; `undefined` where it was decided. */
  reasonOf(variable: number): Clause | undefined {
    return this.#reasons[variable];
  }

  causeOf(clause: Clause): Cause | undefined {
    return this.#causes[clause];
  }

  /** Adds a clause; it may be unit or false under the present assignment. */
  add(literals: readonly Literal[], cause: Cause): Clause {
    const clause = this.#append(literals, cause);
    this.#attach(clause);
    return clause;
  }

  /** Assumes a literal that is open, on a new level. */
  decide(literal: Literal): void {
    this.#trailStarts.push(this.#trail.length);
    this.#assign(literal, undefined);
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
        this.#head = this.#trail.length;
        return conflict;
      }
      if (this.#head >= this.#trail.length && this.#pending === undefined) return undefined;
    }
  }

  /** Learns from a conflict and goes back. False when it follows from the given clauses alone: no solution. */
  resolve(conflict: Clause): boolean {
    this.conflicts++;
    const highest = this.#highest(conflict);
    if (highest === 0) return false;
    // A clause made late may be false on an older level than the present one.
    this.backTo(highest);
    const { literals, parents, level } = this.#analyze(conflict);
    this.backTo(level);
    const learned = this.#append(literals, undefined);
    this.#parents.set(learned, parents);
    this.#attach(learned);
    return true;
  }

  /** The given clauses from which a conflict on level 0 follows. */
  coreClauses(conflict: Clause): Clause[] {
    const given = new Set<Clause>();
    const seen = new Set<Clause>();
    const variables = new Set<number>();
    const open = [conflict];
    for (let clause = open.pop(); clause !== undefined; clause = open.pop()) {
      this.#unfold(clause, seen, given);
      for (let at = this.#start(clause); at < this.#end(clause); at++) {
        const variable = this.#arena[at]! >> 1;
        const reason = this.#reasons[variable];
        if (variables.has(variable) || reason === undefined) continue;
        variables.add(variable);
        open.push(reason);
      }
    }
    return [...given];
  }

  /** The causes from which a conflict on level 0 follows. */
  core(conflict: Clause): Cause[] {
    const causes = this.coreClauses(conflict).map((clause) => this.#causes[clause]);
    return [...new Set(causes.filter((cause) => cause !== undefined))];
  }

  /** Takes a clause out, or in again, and with it all that was learned from it. To be followed by `restart`. */
  setEnabled(clause: Clause, enabled: boolean): void {
    this.#out[clause] = !enabled;
  }

  /** Forgets all decisions and conclusions, and begins with what clauses of one literal say. */
  restart(): void {
    this.backTo(0);
    this.#unassignFrom(0);
    for (const [learned, parents] of this.#parents) {
      this.#out[learned] = parents.some((parent) => this.#out[parent]);
    }
    for (let clause = 0; clause < this.#starts.length; clause++) {
      if (this.#out[clause] !== true && this.#end(clause) - this.#start(clause) < 2) this.#conclude(clause);
    }
  }

  /** Takes back all decisions above `level`. */
  backTo(level: number): void {
    if (this.level <= level) return;
    const start = this.#trailStarts[level]!;
    this.#trailStarts.length = level;
    this.#unassignFrom(start);
  }

  #unassignFrom(start: number): void {
    for (let at = this.#trail.length - 1; at >= start; at--) {
      const variable = this.#trail[at]! >> 1;
      this.#values[variable] = 0;
      this.#reasons[variable] = undefined;
    }
    this.#trail.length = start;
    this.#head = start;
    this.#pending = undefined;
    this.reverts++;
  }

  #start(clause: Clause): number {
    return this.#starts[clause]!;
  }

  #end(clause: Clause): number {
    return this.#starts[clause + 1] ?? this.#arenaEnd;
  }

  #append(literals: readonly Literal[], cause: Cause | undefined): Clause {
    const start = this.#arenaEnd;
    const end = start + literals.length;
    if (end > this.#arena.length) this.#arena = grown(this.#arena, new Int32Array(end * 2));
    for (let at = 0; at < literals.length; at++) this.#arena[start + at] = literals[at]!;
    this.#arenaEnd = end;
    this.#causes.push(cause);
    this.#out.push(false);
    this.#firstWatch.push(nothing);
    this.#secondWatch.push(nothing);
    return this.#starts.push(start) - 1;
  }

  /** 1 true, -1 false, 0 open. */
  #literalValue(literal: Literal): number {
    const value = this.#values[literal >> 1]!;
    return (literal & 1) === 0 ? value : -value;
  }

  #assign(literal: Literal, reason: Clause | undefined): void {
    const variable = literal >> 1;
    this.#values[variable] = (literal & 1) === 0 ? 1 : -1;
    this.#levels[variable] = this.level;
    this.#reasons[variable] = reason;
    this.#trail.push(literal);
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
    if (first === nothing || this.#literalValue(first) < 0) this.#pending ??= clause;
    else if (second === nothing || this.#literalValue(second) < 0) {
      if (this.#literalValue(first) === 0) this.#assign(first, clause);
    }
  }

  /** The literal besides `other` that is best to watch: one that is not false, else the one that was made so last. */
  #bestToWatch(clause: Clause, other: Literal): Literal {
    let best = nothing;
    let bestRank = -1;
    for (let at = this.#start(clause); at < this.#end(clause); at++) {
      const literal = this.#arena[at]!;
      if (literal === other) continue;
      if (this.#literalValue(literal) >= 0) return literal;
      const rank = this.#levels[literal >> 1]!;
      if (rank > bestRank) [best, bestRank] = [literal, rank];
    }
    return best;
  }

  #propagateNext(): Clause | undefined {
    const literal = this.#trail[this.#head];
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
      if (this.#out[clause]) continue;
      const other = this.#otherWatch(clause, literal);
      const value = this.#literalValue(other);
      if (value === 0) this.#assign(other, clause);
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
    if (this.#literalValue(other) > 0) return false;
    const end = this.#end(clause);
    for (let at = this.#start(clause); at < end; at++) {
      const candidate = this.#arena[at]!;
      if (candidate === other || candidate === literal || this.#literalValue(candidate) < 0) continue;
      if (this.#firstWatch[clause] === literal) this.#firstWatch[clause] = candidate;
      else this.#secondWatch[clause] = candidate;
      this.#watch(candidate, clause);
      return true;
    }
    return false;
  }

  #highest(clause: Clause): number {
    let highest = 0;
    for (let at = this.#start(clause); at < this.#end(clause); at++) {
      highest = Math.max(highest, this.#levels[this.#arena[at]! >> 1]!);
    }
    return highest;
  }

  #analyze(conflict: Clause): { literals: Literal[]; parents: Clause[]; level: number } {
    const seen = new Set<number>();
    const lower: Literal[] = [];
    const parents: Clause[] = [];
    const given: number[] = [];
    let clause = conflict;
    let open = 0;
    let at = this.#trail.length;
    let asserted: Literal = 0;
    do {
      parents.push(clause);
      for (let place = this.#start(clause); place < this.#end(clause); place++) {
        const literal = this.#arena[place]!;
        const variable = literal >> 1;
        if (seen.has(variable)) continue;
        seen.add(variable);
        const level = this.#levels[variable]!;
        if (level === this.level) open++;
        else if (level > 0) lower.push(literal);
        else given.push(variable);
      }
      do at--;
      while (!seen.has(this.#trail[at]! >> 1));
      asserted = negate(this.#trail[at]!);
      clause = this.#reasons[asserted >> 1]!;
      open--;
    } while (open > 0);
    this.#addGiven(given, seen, parents);
    const level = lower.reduce((highest, literal) => Math.max(highest, this.#levels[literal >> 1]!), 0);
    return { literals: [asserted, ...lower], parents, level };
  }

  /** What is true without any decision has its reasons too: a learned clause follows from them as well. */
  #addGiven(given: number[], seen: Set<number>, parents: Clause[]): void {
    for (let variable = given.pop(); variable !== undefined; variable = given.pop()) {
      const reason = this.#reasons[variable];
      if (reason === undefined) continue;
      parents.push(reason);
      for (let at = this.#start(reason); at < this.#end(reason); at++) {
        const other = this.#arena[at]! >> 1;
        if (seen.has(other)) continue;
        seen.add(other);
        given.push(other);
      }
    }
  }

  /** The given clauses that a learned one follows from. */
  #unfold(from: Clause, seen: Set<Clause>, given: Set<Clause>): void {
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

function grown<Numbers extends Int8Array | Int32Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old);
  return larger;
}
