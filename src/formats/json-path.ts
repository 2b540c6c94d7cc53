// SPDX-License-Identifier: Apache-2.0
/**
 * JSONPath as json-glib's `json_path_query` has it, which is behind `rpm-ostree status --jsonpath`: `$`, `.name`, `..name`,
 * `.*`, `['name']`, `[n]`, `[n,m]`, `[from:to:step]`, `[*]`; no filters and no script expressions.
 */
import { formatError } from "./errors.ts";

type Step =
  | { readonly kind: "member"; readonly name: string }
  | { readonly kind: "descend" }
  | { readonly kind: "all" }
  | { readonly kind: "items"; readonly indexes: readonly number[] }
  | { readonly kind: "slice"; readonly from: number; readonly to: number; readonly step: number };

/** Everything in `root` that the expression leads to, in document order. */
export function queryJson(root: unknown, expression: string): unknown[] {
  return parseJsonPath(expression).reduce<unknown[]>(
    (nodes, step) => nodes.flatMap((node) => take(node, step)),
    [root],
  );
}

/** Longer ones are no expressions that anybody would type; each `..` multiplies the work. */
const longestExpression = 1000;
const mostDescents = 4;

function parseJsonPath(text: string): Step[] {
  const steps: Step[] = [];
  if (!text.startsWith("$")) throw bad(text, "it must begin with $");
  if (text.length > longestExpression) throw bad(text, "it is too long");
  for (let at = 1; at < text.length;) {
    const found = stepPatterns.map(([pattern, make]) => [matchAt(pattern, text, at), make] as const);
    const [match, make] = found.find(([match]) => match !== null) ?? [];
    if (match === undefined || match === null || make === undefined)
      throw bad(text, `character ${at + 1} is not understood`);
    steps.push(...make(match.slice(1)));
    at += match[0].length;
  }
  if (steps.filter(({ kind }) => kind === "descend").length > mostDescents) throw bad(text, "it has too many ..");
  return steps;
}

type Groups = readonly (string | undefined)[];

const stepPatterns: readonly (readonly [pattern: RegExp, make: (groups: Groups) => Step[]])[] = [
  [/\.\.\*/y, () => [{ kind: "descend" }, { kind: "all" }]],
  [/\.\.([A-Za-z_][\w-]*)/y, ([name = ""]) => [{ kind: "descend" }, { kind: "member", name }]],
  [/\.\.(?=\[)/y, () => [{ kind: "descend" }]],
  [/\.\*|\[\*\]/y, () => [{ kind: "all" }]],
  [/\.([A-Za-z_][\w-]*)/y, ([name = ""]) => [{ kind: "member", name }]],
  [/\[(?:'([^']*)'|"([^"]*)")\]/y, ([single, double]) => [{ kind: "member", name: single ?? double ?? "" }]],
  [/\[(-?\d{1,9}(?:,-?\d{1,9})*)\]/y, ([list = ""]) => [{ kind: "items", indexes: list.split(",").map(Number) }]],
  [/\[(-?\d{1,9})?:(-?\d{1,9})?(?::(-?\d{1,9}))?\]/y, ([from, to, step]) => [slice(from, to, step)]],
];

/** As json-glib, a slice without an end goes to the end. */
function slice(from: string | undefined, to: string | undefined, step: string | undefined): Step {
  const by = Math.max(1, Number(step ?? 1));
  return {
    kind: "slice",
    from: Number(from ?? 0),
    to: to === undefined ? Number.POSITIVE_INFINITY : Number(to),
    step: by,
  };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function take(node: unknown, step: Step): unknown[] {
  if (step.kind === "descend") return descendants(node);
  if (step.kind === "member") return isObject(node) && Object.hasOwn(node, step.name) ? [node[step.name]] : [];
  if (step.kind === "all") return children(node);
  if (!Array.isArray(node)) return [];
  const place = (index: number) => (index < 0 ? node.length + index : index);
  if (step.kind === "items")
    return step.indexes.map(place).flatMap((index) => (index in node ? [node[index] as unknown] : []));
  const [from, to] = [Math.max(0, place(step.from)), place(step.to)];
  return node.filter((_, index) => index >= from && index < to && (index - from) % step.step === 0);
}

function descendants(node: unknown): unknown[] {
  return [node, ...children(node).flatMap(descendants)];
}

function children(node: unknown): unknown[] {
  if (Array.isArray(node)) return node;
  return isObject(node) ? Object.values(node) : [];
}

function isObject(node: unknown): node is Record<string, unknown> {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}

function bad(text: string, why: string): Error {
  return formatError("json-path", `${JSON.stringify(text.slice(0, 100))} is no JSONPath: ${why}`);
}
