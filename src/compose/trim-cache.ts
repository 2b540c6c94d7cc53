// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists } from "../base/index.ts";
import { trimCache } from "../packages/index.ts";
import { openPackageRepo } from "./packages/cache.ts";
import { trimImports } from "./packages/trim-imports.ts";

const day = 86_400;

/** Once a day, what nobody has used for a month leaves the cache. The cache's lock is held: nobody else composes with it. */
export function trimComposeCache(cacheDir: string, now: number): void {
  const stamp = join(cacheDir, ".trimmed");
  if ((lstatIfExists(stamp)?.mtimeMs ?? 0) / 1000 > now - day) return;
  trimCache(cacheDir, now);
  trimImports(openPackageRepo(cacheDir), now);
  writeFileSync(stamp, "");
}
