// SPDX-License-Identifier: Apache-2.0
import { type YamlNode, type YamlPosition, yamlEntry } from "../../formats/index.ts";

type Step = string | number;

/**
 * The place that a path leads to, or as near to it as there is one.
 * @param path keys and indexes; a pair is an item of a list by its index, or of a map by its key
 */
export function deepest(
  root: YamlNode,
  path: readonly (Step | readonly [index: number, key: string | undefined])[],
): { readonly at: YamlPosition; readonly path: readonly Step[] } {
  let node = root;
  let at = root.at;
  const taken: Step[] = [];
  for (const step of path) {
    const [index, key] = typeof step === "object" ? step : [step, step];
    const next = node.kind === "list" && typeof index === "number" ? node.items[index] : undefined;
    const entry = node.kind === "map" && typeof key === "string" ? yamlEntry(node, key) : undefined;
    const found = next ?? entry?.value;
    if (found === undefined) break;
    node = found;
    at = entry?.at ?? found.at;
    taken.push(entry?.key ?? (index as number));
  }
  return { at, path: taken };
}
