// SPDX-License-Identifier: Apache-2.0
import { keyRules } from "./keys.ts";
import { isPlainMap } from "./kinds.ts";

/**
 * The merged treefile in the form and order in which rpm-ostree prints it (treefile.rs `prettyprint_json_stdout`: serde's
 * order of fields; maps sorted; unknown keys of the outermost file last).
 */
export function flatten(
  values: ReadonlyMap<string, unknown>,
  unknown: ReadonlyMap<string, unknown>,
): Record<string, unknown> {
  const printed: Record<string, unknown> = {};
  for (const [key, { hidden }] of keyRules) {
    const value = values.get(key);
    if (value === undefined || hidden) continue;
    printed[key] = structures.has(key) ? value : sortedMaps(value);
  }
  for (const [key, value] of [...unknown].toSorted()) printed[key] = sortedMaps(value);
  return printed;
}

/** Their maps have fields in an order of their own. */
const structures = new Set(["rojig", "modules", "apt", "security-tracker", "repo-packages"]);

function sortedMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedMaps);
  if (!isPlainMap(value)) return value;
  const names = Object.keys(value).toSorted();
  // The tag of an internally tagged enumeration (`check-passwd`) comes first.
  const ordered = names.includes("type") ? ["type", ...names.filter((name) => name !== "type")] : names;
  return Object.fromEntries(ordered.map((name) => [name, sortedMaps(value[name])]));
}
