// SPDX-License-Identifier: Apache-2.0
import { keyRules } from "./keys.ts";

export type Values = Map<string, unknown>;

/**
 * Merges what an included file gives into the including file's values (treefile.rs `treefile_merge`): scalars of the
 * including file win; lists are put together, the included one first, so a later include comes before an earlier one;
 * maps merge entry by entry.
 */
export function mergeIncluded(into: Values, included: ReadonlyMap<string, unknown>): void {
  for (const [key, value] of included) {
    const rule = keyRules.get(key)?.merge ?? "concat";
    const own = into.get(key);
    if (rule === "none") continue;
    if (own === undefined) into.set(key, value);
    else if (rule === "concat") into.set(key, [...(value as unknown[]), ...(own as unknown[])]);
    else if (rule === "map") into.set(key, { ...(value as object), ...(own as object) });
  }
}
