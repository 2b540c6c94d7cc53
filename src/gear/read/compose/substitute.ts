// SPDX-License-Identifier: Apache-2.0
/** Variables in Compose files (compose-spec, 12-interpolation.md). */

export type Variables = ReadonlyMap<string, string>;

export interface Substituted {
  readonly text: string;
  /** What hindered it; the text is then of no use. */
  readonly fault?: { readonly message: string; readonly hint?: string };
}

/** A default in a default in a default...: each is a call. */
const depthLimit = 16;

/** Of one value: a default that is taken twice at each of sixteen levels would be 2^16 as long. */
const lengthLimit = 1 << 20;

const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const operator = /:?[-?+]/y;

/** Puts in `$NAME`, `${NAME}` and `${NAME-default}`, with `-`, `?`, `+` and these after a `:`; `$$` and any other `$` are a `$`. */
export function substitute(text: string, variables: Variables): Substituted {
  try {
    return { text: new Substitution(text, variables, 0).run() };
  } catch (error) {
    if (error instanceof Refusal) return { text: "", fault: error.fault };
    throw error;
  }
}

class Refusal extends Error {
  readonly fault: { readonly message: string; readonly hint?: string };

  constructor(message: string, hint?: string) {
    super(message);
    this.fault = hint === undefined ? { message } : { message, hint };
  }
}

class Substitution {
  readonly #text: string;
  readonly #variables: Variables;
  readonly #depth: number;
  #at = 0;

  constructor(text: string, variables: Variables, depth: number) {
    if (depth > depthLimit) throw new Refusal(`variables are nested more than ${depthLimit} deep`);
    [this.#text, this.#variables, this.#depth] = [text, variables, depth];
  }

  run(): string {
    let result = "";
    while (this.#at < this.#text.length) {
      const dollar = this.#text.indexOf("$", this.#at);
      result += this.#text.slice(this.#at, dollar === -1 ? undefined : dollar);
      if (dollar === -1) break;
      this.#at = dollar + 1;
      result += this.#one();
      if (result.length > lengthLimit) throw new Refusal(`is longer than ${lengthLimit} characters`);
    }
    return result;
  }

  /** What stands after a `$`. */
  #one(): string {
    const next = this.#text[this.#at];
    if (next === "$") {
      this.#at++;
      return "$";
    }
    if (next !== "{") {
      const bare = this.#take(name);
      return bare === undefined ? "$" : this.#value(bare);
    }
    this.#at++;
    const variable = this.#take(name) ?? this.#malformed();
    const kind = this.#take(operator);
    const rest = this.#braced();
    if (kind === undefined) return rest === "" ? this.#value(variable) : this.#malformed();
    return this.#choose(variable, kind, rest);
  }

  #choose(variable: string, kind: string, rest: string): string {
    const value = this.#variables.get(variable);
    const there = value !== undefined && (!kind.startsWith(":") || value !== "");
    if (kind.endsWith("+")) return there ? this.#inner(rest) : "";
    if (there) return value;
    if (kind.endsWith("-")) return this.#inner(rest);
    throw new Refusal(`needs the variable ${variable}: ${this.#inner(rest) || "it is not set"}`);
  }

  #inner(text: string): string {
    return new Substitution(text, this.#variables, this.#depth + 1).run();
  }

  /** Docker Compose warns and takes nothing; a port or a password that is missing is found here. */
  #value(variable: string): string {
    const value = this.#variables.get(variable);
    if (value !== undefined) return value;
    throw new Refusal(
      `the variable ${variable} is not set`,
      `set it in .env or the environment, or write \${${variable}:-}`,
    );
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** Text up to the brace that ends this variable, which it goes past. */
  #braced(): string {
    let open = 1;
    for (let at = this.#at; at < this.#text.length; at++) {
      if (this.#text[at] === "$" && this.#text[at + 1] === "{") open++;
      else if (this.#text[at] === "}") open--;
      if (open > 0) continue;
      const inside = this.#text.slice(this.#at, at);
      this.#at = at + 1;
      return inside;
    }
    return this.#malformed();
  }

  #malformed(): never {
    throw new Refusal("has a ${ that begins no variable", "write $${ for a ${");
  }
}
