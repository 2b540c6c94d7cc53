// SPDX-License-Identifier: Apache-2.0
import type { Signed } from "./normal-form.ts";

/** The clauses of a problem, in the order in which they are looked at. Number 0 is none. */
export class Rules {
  #arena = new Int32Array(4096);
  #end = 0;
  readonly #starts: number[] = [0];
  /** A rule that is out does not count. */
  readonly out: boolean[] = [false];
  /** Whether a rule may be given up when not all can hold. */
  readonly weak = new Set<number>();

  get count(): number {
    return this.#starts.length;
  }

  add(literals: readonly Signed[], weak = false): number {
    const end = this.#end + literals.length;
    if (end > this.#arena.length) {
      const larger = new Int32Array(end * 2);
      larger.set(this.#arena);
      this.#arena = larger;
    }
    for (let at = 0; at < literals.length; at++) this.#arena[this.#end + at] = literals[at]!;
    this.out.push(false);
    const rule = this.#starts.push(this.#end) - 1;
    this.#end = end;
    if (weak) this.weak.add(rule);
    return rule;
  }

  /** Where the literals of a rule are in `arena`. */
  start(rule: number): number {
    return this.#starts[rule]!;
  }

  end(rule: number): number {
    return this.#starts[rule + 1] ?? this.#end;
  }

  get arena(): Readonly<Int32Array> {
    return this.#arena;
  }

  size(rule: number): number {
    return this.end(rule) - this.start(rule);
  }

  first(rule: number): Signed {
    return this.size(rule) === 0 ? 0 : this.#arena[this.start(rule)]!;
  }

  literals(rule: number): Int32Array {
    return this.#arena.subarray(this.start(rule), this.end(rule));
  }

  /** The packages that a rule would have. */
  wanted(rule: number): number[] {
    return [...this.literals(rule)].filter((literal) => literal > 0);
  }
}

/** solver_unifyrules: the order in which rules are looked at, by their literals; each once. */
export function unified(found: readonly (readonly Signed[])[]): (readonly Signed[])[] {
  const sorted = [...found].sort(compareRules);
  return sorted.filter((rule, at) => at === 0 || compareRules(rule, sorted[at - 1]!) !== 0);
}

/** As if each ended with a zero. */
function compareRules(a: readonly Signed[], b: readonly Signed[]): number {
  for (let at = 0; ; at++) {
    const [first, second] = [a[at] ?? 0, b[at] ?? 0];
    if (first !== second) return first - second;
    if (at >= a.length) return 0;
  }
}
