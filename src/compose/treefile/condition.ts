// SPDX-License-Identifier: Apache-2.0
import { composeError } from "../errors.ts";

export type Variables = ReadonlyMap<string, string>;

/**
 * Evaluates `conditional-include`'s `if`: `variable op value`, op one of == != < <= > >=; a list means all of them
 * (rpm-ostree docs/treefile.md, "conditional-include").
 */
export function holds(condition: unknown, variables: Variables, where: string): boolean {
  const all = Array.isArray(condition) ? condition : [condition];
  return all.every((text) => {
    if (typeof text !== "string") throw composeError("treefile-value", `${where}: if: must be a string`);
    return holdsOne(text, variables, where);
  });
}

const form = /^\s*([A-Za-z_][\w-]*)\s*(==|!=|<=|>=|<|>)\s*(?:"([^"]*)"|'([^']*)'|(\S+))\s*$/;

function holdsOne(text: string, variables: Variables, where: string): boolean {
  const match = form.exec(text);
  if (!match) throw composeError("treefile-value", `${where}: cannot read condition ${JSON.stringify(text)}`);
  const [, name = "", operator, double, single, bare] = match;
  const left = variables.get(name);
  if (left === undefined) throw composeError("treefile-value", `${where}: variable ${name} has no value`);
  const order = compare(left, double ?? single ?? bare ?? "");
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    default:
      return order >= 0;
  }
}

/** Numbers by value, all else as text. */
function compare(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return Math.sign(x - y);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Puts in `${name}`; an unknown name is an error. */
export function substitute(text: string, variables: Variables, where: string): string {
  return text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) throw composeError("treefile-value", `${where}: variable ${name} has no value`);
    return value;
  });
}
