// SPDX-License-Identifier: Apache-2.0
/** Dependencies, each kept once and numbered, with rich ones taken apart. */
import { packageError } from "../../errors.ts";
import type { RpmDependency } from "../model.ts";
import { formatDependency, isRich } from "../dependency.ts";
import { parseRich, type RichExpression } from "../rich.ts";

/** A chain is taken apart by recursion, and each link has its text; the longest of Fedora have some dozens. Stops one that is made to exhaust the stack or memory. */
const operandLimit = 500;

interface Numbered {
  readonly id: number;
  readonly text: string;
  /** A list of packages cannot say what it asks for: it holds "and", "if" or "unless". */
  readonly complex: boolean;
}

export type Dependency = Numbered &
  (
    | { readonly kind: "plain"; readonly plain: RpmDependency }
    /** What the machine provides and no package, as `namespace:language(de)`. */
    | { readonly kind: "namespace" }
    | { readonly kind: "architecture"; readonly of: Dependency; readonly architecture: string }
    | { readonly kind: "and" | "or" | "with" | "without"; readonly first: Dependency; readonly second: Dependency }
    | {
        readonly kind: "if" | "unless";
        readonly first: Dependency;
        readonly condition: Dependency;
        readonly otherwise?: Dependency;
      }
  );

type Bare<One> = One extends unknown ? Omit<One, "id" | "complex"> : never;

function isComplexKind(one: Bare<Dependency>): boolean {
  if (one.kind === "or") return one.first.complex || one.second.complex;
  return one.kind === "and" || one.kind === "if" || one.kind === "unless";
}

export class DependencyTable {
  readonly #byText = new Map<string, Dependency>();
  /** A repository has each of its dependencies once. */
  readonly #byObject = new Map<RpmDependency, Dependency>();

  of(one: RpmDependency): Dependency {
    let found = this.#byObject.get(one);
    if (found === undefined) this.#byObject.set(one, (found = this.#byWords(one)));
    return found;
  }

  #byWords(one: RpmDependency): Dependency {
    const text = formatDependency(one);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (one.name.startsWith("namespace:")) return this.#add({ kind: "namespace", text });
    return isRich(one.name)
      ? this.#keep(text, this.#rich(parseRich(one.name), text))
      : this.#add({ kind: "plain", text, plain: one });
  }

  /** Packages that meet `of` and are of an architecture. */
  withArchitecture(of: Dependency, architecture: string): Dependency {
    return this.#add({ kind: "architecture", text: `${of.text}.${architecture}`, of, architecture });
  }

  joined(kind: "and" | "or" | "with" | "without", first: Dependency, second: Dependency): Dependency {
    return this.#add({ kind, first, second, text: `(${first.text} ${kind} ${second.text})` });
  }

  conditional(kind: "if" | "unless", first: Dependency, condition: Dependency, otherwise?: Dependency): Dependency {
    const rest = otherwise === undefined ? "" : ` else ${otherwise.text}`;
    const text = `(${first.text} ${kind} ${condition.text}${rest})`;
    return this.#add({ kind, first, condition, text, ...(otherwise && { otherwise }) });
  }

  #rich(expression: RichExpression, text: string): Dependency {
    switch (expression.kind) {
      case "dependency":
        return this.of(expression.dependency);
      case "if":
      case "unless": {
        const { kind, operand, condition, otherwise } = expression;
        const rest = otherwise && this.#rich(otherwise, text);
        return this.conditional(kind, this.#rich(operand, text), this.#rich(condition, text), rest);
      }
      case "without":
      case "and":
      case "or":
      case "with": {
        if (expression.operands.length > operandLimit) {
          throw packageError("bad-dependency", `${JSON.stringify(text.slice(0, 80))}: it has too many operands`);
        }
        // A chain leans to the right, as libsolv keeps it.
        const parts = expression.operands.map((operand) => this.#rich(operand, text));
        return parts.reduceRight((rest, part) => this.joined(expression.kind, part, rest));
      }
    }
  }

  #add(one: Bare<Dependency>): Dependency {
    const known = this.#byText.get(one.text);
    if (known !== undefined) return known;
    const made = { ...one, id: this.#byText.size, complex: isComplexKind(one) } as Dependency;
    this.#byText.set(one.text, made);
    return made;
  }

  #keep(text: string, made: Dependency): Dependency {
    this.#byText.set(text, made);
    return made;
  }
}
