// SPDX-License-Identifier: Apache-2.0
/** How `extends` puts one service over another (compose-spec, 13-merge.md; compose-go's override.Merge). */
import type { YamlEntry, YamlMap, YamlNode } from "../../../formats/index.ts";

/** Replaced as a whole. */
const replaced = new Set(["command", "entrypoint", "test"]);

/** Lists of `KEY=VALUE`, which may be maps as well. */
const assignments = new Set(["environment", "labels"]);

/** Lists of names, which may be maps as well. */
const names = new Set(["depends_on", "networks"]);

/** Lists, of which one item may be written alone. */
const sequences = new Set(["env_file", "tmpfs"]);

/** @param key that both are the values of */
export function mergeNodes(base: YamlNode, over: YamlNode, key: string): YamlNode {
  if (replaced.has(key)) return over;
  if (assignments.has(key)) return mergeMaps(asMap(base, "="), asMap(over, "="), key) ?? over;
  if (names.has(key)) return mergeMaps(asMap(base, undefined), asMap(over, undefined), key) ?? over;
  const [first, second] = sequences.has(key) ? [asList(base), asList(over)] : [base, over];
  if (first.kind === "list" && second.kind === "list")
    return { ...second, items: unique([...first.items, ...second.items], key) };
  return mergeMaps(first, second, key) ?? over;
}

function mergeMaps(base: YamlNode, over: YamlNode, key: string): YamlMap | undefined {
  // Names of variables, services and networks are no keys of the specification.
  const inner = (name: string) => (assignments.has(key) || names.has(key) ? "" : name);
  if (base.kind !== "map" || over.kind !== "map") return undefined;
  const entries = new Map<string, YamlEntry>(base.entries.map((entry) => [entry.key, entry]));
  for (const entry of over.entries) {
    const before = entries.get(entry.key);
    entries.set(
      entry.key,
      before ? { ...entry, value: mergeNodes(before.value, entry.value, inner(entry.key)) } : entry,
    );
  }
  return { ...over, entries: [...entries.values()] };
}

/** Items of a list as entries of a map: `KEY=VALUE` with a separator, names without one. */
export function asMap(node: YamlNode, separator: string | undefined): YamlNode {
  if (node.kind !== "list" || node.items.some((item) => item.kind !== "scalar")) return node;
  const entries = node.items.flatMap((item): YamlEntry[] => {
    if (item.kind !== "scalar") return [];
    const { at, text } = item;
    const split = separator === undefined ? -1 : text.indexOf(separator);
    const value = split === -1 ? null : text.slice(split + 1);
    const scalar: YamlNode = { kind: "scalar", value, text: value ?? "", at };
    return [{ key: split === -1 ? text : text.slice(0, split), at, value: scalar }];
  });
  return { kind: "map", entries: [...new Map(entries.map((entry) => [entry.key, entry])).values()], at: node.at };
}

function asList(node: YamlNode): YamlNode {
  return node.kind === "list" ? node : { kind: "list", items: [node], at: node.at };
}

/** The later of two mounts, secrets or configs for one place wins, where the earlier stood; equal words are one. */
function unique(items: readonly YamlNode[], key: string): YamlNode[] {
  const kept = new Map<string, YamlNode>();
  for (const item of items) kept.set(identity(item, key) ?? `\0${kept.size}`, item);
  return [...kept.values()];
}

function identity(item: YamlNode, key: string): string | undefined {
  if (item.kind === "scalar") return key === "volumes" ? shortTarget(item.text) : item.text;
  if (item.kind !== "map" || key === "ports") return undefined;
  const target = item.entries.find((entry) => entry.key === "target")?.value;
  const source = item.entries.find((entry) => entry.key === "source")?.value;
  const found = key === "volumes" ? target : (target ?? source);
  return found?.kind === "scalar" ? found.text : undefined;
}

function shortTarget(text: string): string {
  const [first, second] = text.split(":");
  return second ?? first ?? text;
}
