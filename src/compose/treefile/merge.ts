// SPDX-License-Identifier: Apache-2.0
import { keyRules } from "./keys.ts";
import { sorted } from "./kinds.ts";

export type Values = Map<string, unknown>;

/**
 * Merges what an included file gives into the including file's values (treefile.rs `treefile_merge`): scalars of the
 * including file win; lists are put together, the included one first, so a later include comes before an earlier one;
 * maps merge entry by entry.
 */
export function mergeIncluded(into: Values, included: ReadonlyMap<string, unknown>): void {
  for (const [key, value] of included) {
    const rule = keyRules.get(key)?.merge;
    if (rule === "none") continue;
    const own = into.get(key);
    if (own === undefined) into.set(key, value);
    else if (rule === "concat") into.set(key, [...(value as unknown[]), ...(own as unknown[])]);
    else if (rule === "set") into.set(key, sorted([...(value as string[]), ...(own as string[])]));
    else if (rule === "map") into.set(key, { ...(value as object), ...(own as object) });
  }
  const repoPackages = into.get("repo-packages") as RepoPackagesValue[] | undefined;
  if (repoPackages !== undefined) into.set("repo-packages", lastWins(repoPackages));
}

interface RepoPackagesValue {
  readonly repo: string;
  readonly packages: readonly string[];
}

/** A package comes from the repository that the last entry gives it (`handle_repo_packages_overrides`). */
function lastWins(entries: readonly RepoPackagesValue[]): RepoPackagesValue[] {
  const seen = new Set<string>();
  return entries
    .toReversed()
    .map(({ repo, packages }) => ({ repo, packages: packages.filter((name) => !seen.has(name) && seen.add(name)) }))
    .filter(({ packages }) => packages.length > 0)
    .toReversed();
}
