// SPDX-License-Identifier: Apache-2.0
import type { YamlEntry, YamlNode } from "../../../formats/index.ts";
import { type Place, shown } from "../faults.ts";

/**
 * A value of JSON as Go's encoding/json takes it: keys in any case, and null the same as a key that is not there. A key that
 * is there twice, of which Go would take the last one, is a fault.
 * @param names as they are called from here on; other keys stay as they are
 */
export function foldKeys(node: YamlNode, names: readonly string[], place: Place): YamlNode {
  if (node.kind === "scalar") return node;
  if (node.kind === "list") {
    return { ...node, items: node.items.map((item, index) => foldKeys(item, names, place.in(index))) };
  }
  const entries = new Map<string, YamlEntry>();
  for (const { key, at, value } of node.entries) {
    const name = names.find((one) => one.toLowerCase() === key.toLowerCase()) ?? key;
    if (entries.has(name)) place.fault(at, `key ${shown(key)} is given twice`);
    entries.set(name, { key: name, at, value: foldKeys(value, names, place.in(name)) });
  }
  const given = [...entries.values()].filter(({ value }) => value.kind !== "scalar" || value.value !== null);
  return { ...node, entries: given };
}
