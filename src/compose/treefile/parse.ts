// SPDX-License-Identifier: Apache-2.0
import { isMap, isScalar, LineCounter, parseDocument, type Node } from "yaml";
import { composeError } from "../errors.ts";
import { archPackages, type Kind, keyRules, type KeyRule, legacyNames } from "./keys.ts";

/** One treefile's own keys, checked; nothing included yet. */
export interface Layer {
  readonly path: string;
  readonly values: ReadonlyMap<string, unknown>;
  readonly warnings: readonly string[];
}

/** A treefile is written by hand; the cap keeps a wrong file (an image, a log) from being parsed. */
const sizeLimit = 1 << 20;

/**
 * Parses one treefile, YAML or JSON.
 * @param path for messages, and to tell JSON from YAML: rpm-ostree ignores unknown keys in JSON only
 */
export function parseLayer(text: string, path: string): Layer {
  if (text.length > sizeLimit) throw composeError("treefile-syntax", `${path}: larger than ${sizeLimit} bytes`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [error] = document.errors;
  if (error) throw composeError("treefile-syntax", `${path}: ${error.message.split("\n")[0]}`);
  if (!isMap(document.contents)) throw composeError("treefile-syntax", `${path}: not a map of keys`);
  const layer = { path, values: new Map<string, unknown>(), warnings: [] as string[] };
  for (const pair of document.contents.items) {
    const where = `${path}:${position(pair.key as Node, lines)}`;
    const written = isScalar(pair.key) ? String(pair.key.value) : "";
    const value = (pair.value as Node | null)?.toJS(document) as unknown;
    take(layer, written, value, where);
  }
  return layer;
}

function position(node: Node, lines: LineCounter): string {
  const { line, col } = lines.linePos(node.range?.[0] ?? 0);
  return `${line}:${col}`;
}

function take(
  layer: { path: string; values: Map<string, unknown>; warnings: string[] },
  written: string,
  value: unknown,
  where: string,
): void {
  const key = legacyNames.get(written) ?? written;
  const rule = keyRules.get(key) ?? (archPackages.test(key) ? keyRules.get("packages") : undefined);
  if (!rule) {
    if (!layer.path.endsWith(".json")) throw unknownKey(written, where);
    layer.warnings.push(`${where}: unknown key ${written} ignored`);
    return;
  }
  if (rule.refused !== undefined) {
    throw composeError("treefile-unsupported", `${where}: ${written}: ${rule.refused}`);
  }
  if (layer.values.has(key)) throw composeError("treefile-key", `${where}: ${written} is given twice`);
  if (value === null || value === undefined) return;
  layer.values.set(key, checked(rule, value, `${where}: ${written}`));
}

function unknownKey(written: string, where: string) {
  const near = nearest(written, [...keyRules.keys()]);
  return composeError(
    "treefile-key",
    `${where}: unknown key ${written}`,
    near === undefined ? {} : { hint: `did you mean ${near}?` },
  );
}

function checked(rule: KeyRule, value: unknown, where: string): unknown {
  const result = convert(rule.kind, value);
  if (result === undefined) {
    throw composeError("treefile-value", `${where}: must be ${expectations[rule.kind]}, not ${JSON.stringify(value)}`);
  }
  if (rule.choices && !rule.choices.includes(result as string)) {
    throw composeError(
      "treefile-unsupported",
      `${where}: only ${rule.choices.join(" or ")} can be done, not ${result}`,
    );
  }
  return result;
}

const expectations: Record<Kind, string> = {
  string: "a string",
  boolean: "true or false",
  scalar: "a string or a number",
  strings: "a list of strings",
  words: "a list of strings",
  rows: "a list of lists of strings",
  map: "a map",
  maps: "a list of maps",
  "strings-or-string": "a string or a list of strings",
};

/** The value in its kind's shape, or `undefined` when it is of another kind. */
function convert(kind: Kind, value: unknown): unknown {
  switch (kind) {
    case "string":
      return typeof value === "string" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "scalar":
      return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
    case "strings":
      return isStrings(value) ? value : undefined;
    case "words":
      return isStrings(value) ? value.flatMap((item) => item.split(/\s+/).filter((word) => word !== "")) : undefined;
    case "rows":
      return Array.isArray(value) && value.every((row) => isStrings(row) && row.length >= 2) ? value : undefined;
    case "map":
      return isPlainMap(value) ? value : undefined;
    case "maps":
      return Array.isArray(value) && value.every(isPlainMap) ? value : undefined;
    case "strings-or-string":
      return typeof value === "string" ? [value] : isStrings(value) ? value : undefined;
  }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

export function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The known name closest to a mistyped one, when at most a third of it differs. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const scored = known.map((name) => ({ name, distance: editDistance(written.replaceAll("_", "-"), name) }));
  const best = scored.reduce((a, b) => (b.distance < a.distance ? b : a));
  return best.distance <= Math.max(1, Math.floor(written.length / 3)) ? best.name : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
