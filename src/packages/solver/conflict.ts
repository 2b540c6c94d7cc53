// SPDX-License-Identifier: Apache-2.0
/** What a clause that came out false teaches. */
import type { Assignment } from "./assignment.ts";
import type { Clause, Clauses } from "./clauses.ts";
import { type Literal, negate } from "./literal.ts";

/** A clause that follows from the others, of which one literal is to become true on `level`: the first. */
export interface Lesson {
  readonly literals: readonly Literal[];
  readonly parents: readonly Clause[];
  readonly level: number;
}

/** The highest level on which a literal of the clause got its value. */
export function highestLevel(clauses: Clauses<unknown>, { levels }: Assignment, clause: Clause): number {
  let highest = 0;
  for (let at = clauses.start(clause); at < clauses.end(clause); at++) {
    highest = Math.max(highest, levels[clauses.arena[at]! >> 1]!);
  }
  return highest;
}

/** Learns up to the first unique implication point of the present level, which is above 0. */
export function analyze(clauses: Clauses<unknown>, assignment: Assignment, conflict: Clause): Lesson {
  const { levels, reasons, trail } = assignment;
  const seen = new Set<number>();
  const lower: Literal[] = [];
  const parents: Clause[] = [];
  const given: number[] = [];
  let clause = conflict;
  let open = 0;
  let at = trail.length;
  let asserted: Literal = 0;
  do {
    parents.push(clause);
    for (let place = clauses.start(clause); place < clauses.end(clause); place++) {
      const literal = clauses.arena[place]!;
      const variable = literal >> 1;
      if (seen.has(variable)) continue;
      seen.add(variable);
      const level = levels[variable]!;
      if (level === assignment.level) open++;
      else if (level > 0) lower.push(literal);
      else given.push(variable);
    }
    do at--;
    while (!seen.has(trail[at]! >> 1));
    asserted = negate(trail[at]!);
    clause = reasons[asserted >> 1]!;
    open--;
  } while (open > 0);
  parents.push(...reasonsOf(clauses, assignment, given, seen));
  const level = lower.reduce((highest, literal) => Math.max(highest, levels[literal >> 1]!), 0);
  return { literals: [asserted, ...lower], parents, level };
}

/** What is true without any decision has its reasons too: a learned clause follows from them as well. */
function reasonsOf(
  clauses: Clauses<unknown>,
  { reasons }: Assignment,
  variables: number[],
  seen: Set<number>,
): Clause[] {
  const found: Clause[] = [];
  for (let variable = variables.pop(); variable !== undefined; variable = variables.pop()) {
    const reason = reasons[variable];
    if (reason === undefined) continue;
    found.push(reason);
    for (let at = clauses.start(reason); at < clauses.end(reason); at++) {
      const other = clauses.arena[at]! >> 1;
      if (seen.has(other)) continue;
      seen.add(other);
      variables.push(other);
    }
  }
  return found;
}

/** The clauses that were not learned and from which a conflict on level 0 follows. */
export function coreOf(clauses: Clauses<unknown>, { reasons }: Assignment, conflict: Clause): Clause[] {
  const given = new Set<Clause>();
  const seen = new Set<Clause>();
  const variables = new Set<number>();
  const open = [conflict];
  for (let clause = open.pop(); clause !== undefined; clause = open.pop()) {
    clauses.collectGiven(clause, seen, given);
    for (let at = clauses.start(clause); at < clauses.end(clause); at++) {
      const variable = clauses.arena[at]! >> 1;
      const reason = reasons[variable];
      if (variables.has(variable) || reason === undefined) continue;
      variables.add(variable);
      open.push(reason);
    }
  }
  return [...given];
}
