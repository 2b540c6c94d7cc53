// SPDX-License-Identifier: Apache-2.0
import { composeError } from "../errors.ts";

export type Variable = string | number | boolean;
export type Variables = ReadonlyMap<string, Variable>;

/**
 * Evaluates `conditional-include`'s `if`: `variable op value`, op one of == != < <= > >=; a list means all of them, and
 * all are looked at, so that a mistake shows whatever the others say (treefile.rs `treefile_parse_recurse`).
 */
export function holds(condition: unknown, variables: Variables, where: string): boolean {
  const all = Array.isArray(condition) ? condition : [condition];
  const results = all.map((one) => {
    if (typeof one !== "string") throw composeError("treefile-value", `${where}: if: must be a string`);
    return holdsOne(one, variables, where);
  });
  return results.every(Boolean);
}

/** treefile.rs `IncludeCondition`. */
const form = /^\s*([A-Za-z0-9_]+)\s*(==|!=|<=|>=|<|>)\s*(?:(true|false)|(\d+)|"(.*)")\s*$/;

function holdsOne(condition: string, variables: Variables, where: string): boolean {
  const match = form.exec(condition);
  if (!match) {
    throw composeError("treefile-value", `${where}: cannot read condition ${JSON.stringify(condition)}`, {
      hint: 'write  NAME OPERATOR VALUE, with a value of true, false, a whole number or a string in "quotes"',
    });
  }
  const [, name = "", operator = "", truth, digits, quoted = ""] = match;
  const left = valueOf(name, variables, where);
  const right = truth !== undefined ? truth === "true" : digits !== undefined ? Number(digits) : quoted;
  if (typeof left !== typeof right) {
    throw composeError(
      "treefile-value",
      `${where}: condition ${JSON.stringify(condition)}: ${name} is ${JSON.stringify(left)}, a ${typeof left}, and ` +
        `${JSON.stringify(right)} is a ${typeof right}`,
    );
  }
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  if (typeof left !== "number" || typeof right !== "number") {
    throw composeError("treefile-value", `${where}: condition ${JSON.stringify(condition)}: ${operator} needs numbers`);
  }
  const order = left - right;
  return { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[operator] ?? false;
}

function valueOf(name: string, variables: Variables, where: string): Variable {
  const value = variables.get(name);
  if (value === undefined) throw composeError("treefile-value", `${where}: variable ${name} has no value`);
  return value;
}

/** Puts in `${name}`; an unknown name is an error. */
export function substitute(text: string, variables: Variables, where: string): string {
  return text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => String(valueOf(name, variables, where)));
}

/** Puts in `${name}` where the name has a value and leaves the rest, which may be meant for another reader. */
export function substituteKnown(text: string, variables: Variables): string {
  return text.replaceAll(/\$\{([^}]*)\}/g, (whole, name: string) => String(variables.get(name) ?? whole));
}
