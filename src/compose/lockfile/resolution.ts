// SPDX-License-Identifier: Apache-2.0
import type { Resolution } from "../resolve.ts";
import { encodeLockfile } from "./codec.ts";

/**
 * A lockfile of the packages that were chosen.
 * @param now seconds since 1970
 */
export function lockfileOf({ solution, sources }: Resolution, now: number): string {
  const packages = solution.packages.map(({ package: one }) => ({
    name: one.name,
    version: one.version,
    architecture: one.architecture,
    digest: `sha256:${one.sha256}`,
    source: one.sourcePackage.name,
  }));
  const repositories = new Map(sources.map(({ uri, suite, date }) => [`${uri} ${suite}`, date]));
  return encodeLockfile(packages, { format: "deb", now: Math.floor(now), repositories });
}
