// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Literal, negate, negative, positive, variableOf } from "../../../src/packages/solver/literal.ts";
import { Sat } from "../../../src/packages/solver/sat.ts";

/** Random numbers that are the same on every run. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * limit);
  };
}

function randomClauses(random: (limit: number) => number, variables: number, count: number): Literal[][] {
  return Array.from({ length: count }, () => {
    const chosen = new Set<number>();
    while (chosen.size < 1 + random(3)) chosen.add(random(variables));
    return [...chosen].map((variable) => (random(2) === 0 ? positive(variable) : negative(variable)));
  });
}

function holds(clause: readonly Literal[], assignment: number): boolean {
  return clause.some((literal) => ((assignment >> variableOf(literal)) & 1) === ((literal & 1) ^ 1));
}

function bruteForce(clauses: readonly Literal[][], variables: number): boolean {
  for (let assignment = 0; assignment < 2 ** variables; assignment++) {
    if (clauses.every((clause) => holds(clause, assignment))) return true;
  }
  return false;
}

/** Solves by always deciding for true; clauses are made when their first positive occurrence comes in, where `late`. */
function solve(clauses: readonly Literal[][], variables: number, late: boolean): number[] | undefined {
  const byTrigger = new Map<number, Literal[][]>();
  const early: Literal[][] = [];
  for (const clause of clauses) {
    const trigger = late ? clause.find((literal) => (literal & 1) === 1) : undefined;
    if (trigger === undefined) early.push(clause);
    else byTrigger.set(variableOf(trigger), [...(byTrigger.get(variableOf(trigger)) ?? []), clause]);
  }
  const expanded = new Set<number>();
  const sat = new Sat<number>((variable) => {
    if (expanded.has(variable)) return;
    expanded.add(variable);
    for (const clause of byTrigger.get(variable) ?? []) sat.add([...clause], clauses.indexOf(clause));
  });
  for (let variable = 0; variable < variables; variable++) sat.newVariable();
  for (const clause of early) sat.add([...clause], clauses.indexOf(clause));
  for (;;) {
    const conflict = sat.propagate();
    if (conflict !== undefined) {
      if (sat.resolve(conflict)) continue;
      const core = new Set(sat.core(conflict));
      assert.ok(
        !bruteForce(
          clauses.filter((_, at) => core.has(at)),
          variables,
        ),
        "the core contradicts itself",
      );
      return undefined;
    }
    let open = 0;
    while (open < variables && sat.value(open) !== undefined) open++;
    if (open === variables) return Array.from({ length: variables }, (_, variable) => Number(sat.value(variable)));
    sat.decide(positive(open));
  }
}

for (const late of [false, true]) {
  test(`random problems have a solution where trying all finds one${late ? ", with clauses made on demand" : ""}`, () => {
    const random = generator(42);
    const verdicts = [0, 0];
    for (let round = 0; round < 1500; round++) {
      const variables = 4 + random(7);
      const clauses = randomClauses(random, variables, 5 + random(45));
      const solution = solve(clauses, variables, late);
      assert.equal(solution !== undefined, bruteForce(clauses, variables), `round ${round}`);
      verdicts[solution === undefined ? 0 : 1]!++;
      if (solution === undefined) continue;
      const assignment = solution.reduce((bits, value, variable) => bits | (value << variable), 0);
      assert.ok(
        clauses.every((clause) => holds(clause, assignment)),
        `round ${round}`,
      );
    }
    assert.ok(
      verdicts.every((count) => count > 100),
      `both occur: ${verdicts.join(" and ")}`,
    );
  });
}

test("pigeons that do not fit are found out", () => {
  const pigeons = 6;
  const holes = 5;
  const at = (pigeon: number, hole: number) => pigeon * holes + hole;
  const sat = new Sat<string>(() => {});
  for (let variable = 0; variable < pigeons * holes; variable++) sat.newVariable();
  for (let pigeon = 0; pigeon < pigeons; pigeon++) {
    sat.add(
      Array.from({ length: holes }, (_, hole) => positive(at(pigeon, hole))),
      `pigeon ${pigeon}`,
    );
    for (let other = 0; other < pigeon; other++) {
      for (let hole = 0; hole < holes; hole++) {
        sat.add([negate(positive(at(pigeon, hole))), negative(at(other, hole))], `hole ${hole}`);
      }
    }
  }
  for (;;) {
    const conflict = sat.propagate();
    if (conflict !== undefined) {
      if (sat.resolve(conflict)) continue;
      assert.ok(sat.core(conflict).filter((cause) => cause.startsWith("pigeon")).length === pigeons);
      return;
    }
    let open = 0;
    while (sat.value(open) !== undefined) open++;
    assert.ok(open < pigeons * holes, "there is no solution");
    sat.decide(positive(open));
  }
});
