// SPDX-License-Identifier: Apache-2.0
/** Rich (boolean) dependencies: rpm.org, "Boolean Dependencies"; the grammar is that of `rpmrichParse`. */
import { packageError } from "../errors.ts";
import { blank, parseDependency } from "./dependency.ts";
import type { RpmDependency, RpmRelation } from "./model.ts";

export type RichExpression =
  | { readonly kind: "dependency"; readonly dependency: RpmDependency }
  /** Two operands or more, in their order. */
  | { readonly kind: "and" | "or" | "with"; readonly operands: readonly RichExpression[] }
  | { readonly kind: "without"; readonly operands: readonly [RichExpression, RichExpression] }
  /** `(operand if condition [else otherwise])`, and `unless` the same. */
  | {
      readonly kind: "if" | "unless";
      readonly operand: RichExpression;
      readonly condition: RichExpression;
      readonly otherwise?: RichExpression;
    };

type Operator = "and" | "or" | "with" | "without" | "if" | "unless" | "else";

const words: ReadonlySet<string> = new Set<Operator>(["and", "or", "with", "without", "if", "unless", "else"]);

/** Deeper nesting would only be written to exhaust our stack; the deepest of Fedora and CentOS are 4. */
const depthLimit = 64;
/** Longer texts are no dependency; a header's own limit would allow 256 MiB. */
const lengthLimit = 1 << 20;

/**
 * Parses a dependency's name that starts with a parenthesis. Throws `packages-bad-dependency`.
 * @param relation where it stands: `if` needs a conjunctive place and `unless` a disjunctive one (`rpmrichParseForTag`),
 * which is checked when this is given; rpm itself checks it only when it builds a package
 */
export function parseRich(text: string, relation?: RpmRelation): RichExpression {
  const parser = new RichParser(text, relation !== undefined);
  const { expression, inner } = parser.whole();
  if (relation !== undefined) {
    const disjunctive = relation === "conflicts" || relation === "supplements" || relation === "enhances";
    parser.check(disjunctive ? "or" : "and", inner);
  }
  return expression;
}

/** What the inside of an expression forbids around it (`RICHPARSE_NO_*`). */
interface Inner {
  readonly noWith: boolean;
  readonly noAnd: boolean;
  readonly noOr: boolean;
}

const harmless: Inner = { noWith: false, noAnd: false, noOr: false };

function joined(a: Inner, b: Inner): Inner {
  return { noWith: a.noWith || b.noWith, noAnd: a.noAnd || b.noAnd, noOr: a.noOr || b.noOr };
}

interface Parsed {
  readonly expression: RichExpression;
  readonly inner: Inner;
}

class RichParser {
  readonly #text: string;
  readonly #strict: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, strict: boolean) {
    this.#text = text;
    this.#strict = strict;
    if (text.length > lengthLimit) throw this.#bad("it is too long");
  }

  whole(): Parsed {
    const parsed = this.#group();
    if (this.#at < this.#text.length) throw this.#bad("there is more after it");
    return parsed;
  }

  /** `rpmrichParseCheck`: what an operator may not hold. */
  check(operator: Operator, inner: Inner): void {
    if ((operator === "with" || operator === "without") && inner.noWith) {
      throw this.#bad('"with" and "without" hold only names, "with", "without" and "or"');
    }
    if (!this.#strict) return;
    if ((operator === "and" || operator === "if") && inner.noAnd) throw this.#bad('"unless" is not allowed here');
    if ((operator === "or" || operator === "unless") && inner.noOr) throw this.#bad('"if" is not allowed here');
  }

  #bad(why: string): Error {
    return packageError("bad-dependency", `${JSON.stringify(this.#text.slice(0, 120))}: ${why}`);
  }

  /** An expression in parentheses. */
  #group(): Parsed {
    if (this.#text[this.#at] !== "(") throw this.#bad("a parenthesis is missing");
    if (++this.#depth > depthLimit) throw this.#bad(`it is nested more than ${depthLimit} deep`);
    this.#at++;
    const operands: RichExpression[] = [];
    const operators: Operator[] = [];
    let inner = harmless;
    for (;;) {
      const operand = this.#operand();
      const last = operators.at(-1);
      // The condition is not required, so what it holds does not reach outward.
      const conditional = last === "if" || last === "unless";
      inner = joined(inner, conditional ? { ...operand.inner, noAnd: false, noOr: false } : operand.inner);
      operands.push(operand.expression);
      if (this.#peek() === ")") break;
      operators.push(this.#operator(operators));
    }
    this.#at++;
    this.#depth--;
    return { expression: this.#build(operands, operators), inner: this.#outward(operators, inner) };
  }

  #outward(operators: readonly Operator[], inner: Inner): Inner {
    const first = operators[0];
    const last = operators.at(-1);
    if (first === undefined || last === undefined) return inner;
    this.check(first, inner);
    let { noWith, noAnd, noOr } = inner;
    noOr ||= first === "if";
    noAnd ||= first === "unless";
    if (last === "and" || last === "or") noAnd = noOr = false;
    noWith ||= last !== "with" && last !== "without" && last !== "or";
    return { noWith, noAnd, noOr };
  }

  #operand(): Parsed {
    this.#skipBlank();
    if (this.#text[this.#at] === "(") return this.#group();
    const name = this.#word();
    if (name === "") throw this.#bad("a name is missing");
    this.#skipBlank();
    const start = this.#at;
    const next = this.#word();
    if (!/^[<=>]{1,2}$/.test(next)) {
      this.#at = start;
      return { expression: { kind: "dependency", dependency: { name } }, inner: harmless };
    }
    this.#skipBlank();
    const dependency = parseDependency(`${name} ${next} ${this.#word()}`);
    return { expression: { kind: "dependency", dependency }, inner: harmless };
  }

  /** `rpmrichParseInternal`: only and, or and with make chains, each of one operator. */
  #operator(before: readonly Operator[]): Operator {
    const written = this.#word();
    if (!words.has(written)) throw this.#bad(`${JSON.stringify(written)} is no operator`);
    const operator = written as Operator;
    const last = before.at(-1);
    if (operator === "else") {
      if (before.length === 1 && (last === "if" || last === "unless")) return operator;
      throw this.#bad('"else" belongs to "if" or "unless"');
    }
    if (last !== undefined && last !== operator) throw this.#bad("different operators in one parenthesis");
    if (last !== undefined && operator !== "and" && operator !== "or" && operator !== "with") {
      throw this.#bad(`"${operator}" cannot be chained`);
    }
    return operator;
  }

  #build(operands: readonly RichExpression[], operators: readonly Operator[]): RichExpression {
    const [first, second, third] = operands;
    const kind = operators[0];
    if (kind === undefined || second === undefined) return first!;
    if (kind === "if" || kind === "unless") {
      const conditional = { kind, operand: first!, condition: second };
      return third === undefined ? conditional : { ...conditional, otherwise: third };
    }
    if (kind === "without") return { kind, operands: [first!, second] };
    return { kind: kind as "and" | "or" | "with", operands };
  }

  #peek(): string {
    this.#skipBlank();
    const next = this.#text[this.#at];
    if (next === undefined) throw this.#bad("a parenthesis is not closed");
    return next;
  }

  #skipBlank(): void {
    while (this.#at < this.#text.length && blank.test(this.#text[this.#at]!)) this.#at++;
  }

  /** To the next blank, comma or closing parenthesis; parentheses within the word, as of `name(x86-64)`, belong to it. */
  #word(): string {
    const start = this.#at;
    let open = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const one = this.#text[this.#at]!;
      if (blank.test(one)) break;
      if (one === "(") open++;
      if (one === ")" && open-- <= 0) break;
    }
    return this.#text.slice(start, this.#at);
  }
}
