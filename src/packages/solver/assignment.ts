// SPDX-License-Identifier: Apache-2.0
import type { Clause } from "./clauses.ts";
import type { Literal } from "./literal.ts";

/** What is decided and concluded of each variable so far, in order, and why. */
export class Assignment {
  /** By variable: 1 true, -1 false, 0 open. Replaced when there are more variables. */
  values = new Int8Array(64);
  /** By variable: how many decisions there were when it got its value. */
  levels = new Int32Array(64);
  /** By variable: the clause from which its value was concluded; `undefined` where it was decided, or is open. */
  readonly reasons: (Clause | undefined)[] = [];
  readonly trail: Literal[] = [];
  /** By level above 0: where the trail had come to. */
  readonly #starts: number[] = [];

  get level(): number {
    return this.#starts.length;
  }

  newVariable(): number {
    const variable = this.reasons.push(undefined) - 1;
    if (variable >= this.values.length) {
      this.values = grown(this.values, new Int8Array(variable * 2));
      this.levels = grown(this.levels, new Int32Array(variable * 2));
    }
    return variable;
  }

  /** 1 true, -1 false, 0 open. */
  valueOf(literal: Literal): number {
    const value = this.values[literal >> 1]!;
    return (literal & 1) === 0 ? value : -value;
  }

  /** The values that come from now on are on a new level. */
  beginLevel(): void {
    this.#starts.push(this.trail.length);
  }

  assign(literal: Literal, reason: Clause | undefined): void {
    const variable = literal >> 1;
    this.values[variable] = (literal & 1) === 0 ? 1 : -1;
    this.levels[variable] = this.level;
    this.reasons[variable] = reason;
    this.trail.push(literal);
  }

  /** Ends all levels above `level`. @returns where the trail was when the first of them began */
  endLevelsAbove(level: number): number {
    const start = this.#starts[level]!;
    this.#starts.length = level;
    return start;
  }

  /** Takes back the trail from `start` on. */
  unassignFrom(start: number): void {
    for (let at = this.trail.length - 1; at >= start; at--) {
      const variable = this.trail[at]! >> 1;
      this.values[variable] = 0;
      this.reasons[variable] = undefined;
    }
    this.trail.length = start;
  }
}

function grown<Numbers extends Int8Array | Int32Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old);
  return larger;
}
