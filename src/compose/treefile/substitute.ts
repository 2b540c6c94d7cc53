// SPDX-License-Identifier: Apache-2.0
import { substitute, substituteKnown, type Variables } from "./condition.ts";
import type { Values } from "./merge.ts";

/** Where an unknown variable would make the value useless. */
const needed = ["ref", "automatic-version-prefix", "mutate-os-release", "platform-module"];

/** Puts variables into the keys that take them, and into no others (treefile.rs `substitute_vars`). */
export function substituteVariables(values: Values, variables: Variables, path: string): void {
  for (const key of needed) {
    const value = values.get(key) as string | undefined;
    if (value !== undefined) values.set(key, substitute(value, variables, `${path}: ${key}`));
  }
  for (const key of ["metadata", "add-commit-metadata"]) replaceStrings(values, key, variables, () => true);
  replaceStrings(values, "rojig", variables, (field) => field !== "license");
}

/** Strings of a map itself; those of maps in it stay as they are. */
function replaceStrings(values: Values, key: string, variables: Variables, wanted: (field: string) => boolean): void {
  const map = values.get(key) as Record<string, unknown> | undefined;
  if (map === undefined) return;
  const replaced = Object.entries(map).map(([field, value]) => [
    field,
    typeof value === "string" && wanted(field) ? substituteKnown(value, variables) : value,
  ]);
  values.set(key, Object.fromEntries(replaced));
}
