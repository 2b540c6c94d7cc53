// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { lstatIfExists } from "../../base/index.ts";
import { cacheLimits, type CacheLimits, useEntry } from "../../packages/index.ts";
import { prune, type Repo } from "../../ostree/index.ts";

/** Marks imported packages as used. */
export function useImports(repo: Repo, refs: readonly string[]): void {
  for (const ref of refs) useEntry(refPath(repo, ref));
}

/** Forgets the packages whose refs have not been used for long, and what only they have. */
export function trimImports(repo: Repo, now: number, { age }: Pick<CacheLimits, "age"> = cacheLimits): void {
  const old = [...repo.listRefs().keys()].filter((ref) => {
    const stat = lstatIfExists(refPath(repo, ref));
    return stat !== undefined && stat.mtimeMs / 1000 < now - age;
  });
  if (old.length === 0) return;
  for (const ref of old) repo.setRef(ref, undefined);
  prune(repo, { refsOnly: true, depth: 0 });
}

function refPath(repo: Repo, ref: string): string {
  return join(repo.path, "refs/heads", ref);
}
