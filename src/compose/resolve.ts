// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../base/index.ts";
import {
  type AptSource,
  loadApt,
  missingLocks,
  type PackageLocks,
  type Solution,
  solve,
  type SourceInfo,
} from "../packages/index.ts";
import { debianArchitecture } from "./architecture.ts";
import { composeError } from "./errors.ts";
import type { Treefile } from "./treefile/model.ts";

export interface Resolution {
  readonly solution: Solution;
  /** The repositories, in the treefile's order. */
  readonly sources: readonly SourceInfo[];
}

/** Chooses the packages of a treefile from its repositories as they are now. */
export async function resolvePackages(
  treefile: Treefile,
  options: { readonly cacheDir: string; readonly offline?: boolean; readonly locks?: PackageLocks },
  progress: ProgressListener,
): Promise<Resolution> {
  const sources = aptSources(treefile);
  if (sources.length === 0)
    throw incomplete(treefile, "apt", "apt: [{uri: http://deb.debian.org/debian, suites: [trixie]}]");
  const set = await loadApt(sources, options.cacheDir, { offline: options.offline ?? false }, progress);
  const { locks } = options;
  for (const text of locks ? missingLocks(set, locks) : []) progress({ type: "warning", text });
  const solution = solve(set, {
    install: treefile.packages,
    exclude: treefile.excludePackages,
    recommends: treefile.recommends,
    essential: true,
    ...(locks && { locks }),
  });
  return { solution, sources: distinct(set.sources.map(({ info }) => info)) };
}

export function aptSources(treefile: Treefile): AptSource[] {
  const architecture = debianArchitecture(treefile.basearch);
  return treefile.apt.flatMap(({ uri, suites, components, signedBy, priority, checkValidUntil }) =>
    suites.map((suite) => ({
      uri,
      suite,
      components,
      architecture,
      ...(signedBy !== undefined && { signedBy }),
      ...(priority !== undefined && { priority }),
      ...(checkValidUntil !== undefined && { checkValidUntil }),
    })),
  );
}

/** One entry for each Release file: a source has one for each of its indices. */
function distinct(sources: readonly SourceInfo[]): SourceInfo[] {
  return [...new Map(sources.map((info) => [`${info.uri} ${info.suite}`, info])).values()];
}

export function incomplete(treefile: Treefile, key: string, example: string) {
  return composeError("treefile-incomplete", `${treefile.path}: no ${key}`, { hint: `write  ${example}` });
}
