// SPDX-License-Identifier: Apache-2.0
import { lstatSync, lutimesSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmutable } from "../base/index.ts";

/**
 * Makes nothing in a tree newer than `timestamp` (seconds since 1970), as reproducible builds do: what is older is part of
 * the release, what is newer was made by the build. Clears immutable flags on the way.
 */
export function clampTimes(path: string, timestamp: number): void {
  const stat = lstatSync(path);
  if (stat.isDirectory()) {
    setImmutable(path, false);
    for (const name of readdirSync(path)) clampTimes(join(path, name), timestamp);
  }
  if (stat.mtimeMs > timestamp * 1000) lutimesSync(path, timestamp, timestamp);
}
