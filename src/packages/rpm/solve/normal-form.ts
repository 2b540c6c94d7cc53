// SPDX-License-Identifier: Apache-2.0
/** Rich dependencies as clauses over packages: conjunctive or disjunctive normal form. */
import { packageError } from "../../errors.ts";
import type { Dependency } from "./dependencies.ts";
import { type Id, type Pool, systemId } from "./pool.ts";

/** A package's number, negative where it must not be there; each block in order and without zero. */
export type Signed = number;
/** `true` where the dependency is met whatever happens, `false` where it cannot be met. */
export type Blocks = readonly (readonly Signed[])[] | boolean;
type Form = "conjunctive" | "disjunctive";

/** Distributing multiplies with every level. Stops a package that is made to exhaust memory. */
const blockLimit = 50_000;

/** Clauses all of which must hold. */
export function conjunctive(pool: Pool, dependency: Dependency): Blocks {
  return normalize(pool, dependency, "conjunctive");
}

/** Clauses all of which must hold so that the dependency does not: what a conflict with it demands. */
export function contrary(pool: Pool, dependency: Dependency): Blocks {
  return inverted(normalize(pool, dependency, "disjunctive"));
}

function normalize(pool: Pool, one: Dependency, form: Form): Blocks {
  switch (one.kind) {
    case "and":
      return and(normalize(pool, one.first, form), normalize(pool, one.second, form), form);
    case "or":
      return or(normalize(pool, one.first, form), normalize(pool, one.second, form), form);
    case "if": {
      // A if B else C: (A or not B) and (C or B)
      const first = or(normalize(pool, one.first, form), negated(pool, one.condition, form), form);
      if (one.otherwise === undefined) return first;
      const second = or(normalize(pool, one.condition, form), normalize(pool, one.otherwise, form), form);
      return and(first, second, form);
    }
    case "unless": {
      // A unless B else C: (A and not B) or (C and B)
      const first = and(normalize(pool, one.first, form), negated(pool, one.condition, form), form);
      if (one.otherwise === undefined) return first;
      const second = and(normalize(pool, one.condition, form), normalize(pool, one.otherwise, form), form);
      return or(first, second, form);
    }
    default:
      return simple(pool.providers(one), form);
  }
}

function simple(providers: readonly Id[], form: Form): Blocks {
  if (providers.length === 0) return false;
  if (providers[0] === systemId) return true;
  return form === "conjunctive" ? [providers] : providers.map((id) => [id]);
}

function negated(pool: Pool, one: Dependency, form: Form): Blocks {
  return inverted(normalize(pool, one, form === "conjunctive" ? "disjunctive" : "conjunctive"));
}

/** Turns one form into the other, of the opposite. */
function inverted(blocks: Blocks): Blocks {
  if (typeof blocks === "boolean") return !blocks;
  return blocks.map((block) => block.map((literal) => -literal).reverse());
}

function or(a: Blocks, b: Blocks, form: Form): Blocks {
  if (a === true || b === true) return true;
  if (a === false) return b;
  if (b === false) return a;
  return form === "conjunctive" ? distributed(a, b, true) : [...a, ...b];
}

function and(a: Blocks, b: Blocks, form: Form): Blocks {
  if (a === false || b === false) return false;
  if (a === true) return b;
  if (b === true) return a;
  return form === "disjunctive" ? distributed(a, b, false) : [...a, ...b];
}

/** Each block of one with each of the other; those that hold a package and its opposite go, and say `empty` if none is left. */
function distributed(a: readonly (readonly Signed[])[], b: readonly (readonly Signed[])[], empty: boolean): Blocks {
  if (a.length * b.length > blockLimit) throw packageError("bad-dependency", "a rich dependency is too large to solve");
  const found: Signed[][] = [];
  for (const first of a) {
    for (const second of b) {
      const both = new Set([...first, ...second]);
      if (![...both].some((literal) => both.has(-literal))) found.push([...both].sort((x, y) => x - y));
    }
  }
  return found.length === 0 ? empty : found;
}
