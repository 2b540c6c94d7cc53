// SPDX-License-Identifier: Apache-2.0
import { type DebPackage, type IndexedSource, PackageSet } from "../apt/package-set.ts";
import { packageError } from "../errors.ts";
import { explain } from "../solver/explain.ts";
import { claimOf } from "../solver/model.ts";
import { solveProblem } from "../solver/solve.ts";
import type { RelationGroup } from "./relation.ts";
import { findRequested } from "./request.ts";
import type { SolvedPackage } from "./solve.ts";
import { tellCauses, tellReason } from "./tell.ts";
import { DebUniverse } from "./universe.ts";

/** What is to be added to packages that are there, all of which stay as they are but for those that are named. */
export interface UponRequest {
  /** As in `InstallRequest`. */
  readonly install: readonly string[];
  /** The packages that are there; one of the sources of the set, with the highest priority. */
  readonly installed: IndexedSource;
  /** Packages that are at hand, all of which are wanted: another source of the set. */
  readonly local?: IndexedSource;
  /** Names of installed packages that go. */
  readonly removed?: readonly string[];
  /** Names of installed packages in whose place a local one comes. */
  readonly replaced?: readonly string[];
  /** Names of installed packages in whose place one of this suite or codename comes, unless it is the same version. */
  readonly takeFrom?: readonly { readonly repository: string; readonly name: string }[];
  readonly recommends: boolean;
}

export interface UponSolution {
  /** What comes, by name. */
  readonly added: readonly SolvedPackage[];
  /** Requests that installed packages meet, with those. */
  readonly present: readonly { readonly request: string; readonly by: DebPackage }[];
}

/**
 * Chooses what has to come for a request. Dependencies of installed packages that are not met are as they were: nobody
 * asked to mend them (libsolv's rules for the installed).
 * @throws `packages-unknown` for a name that is not there, `packages-unsolvable` with the chain of causes
 */
export function solveUpon(set: PackageSet, request: UponRequest): UponSolution {
  const { removed = [], takeFrom = [] } = request;
  const before = new DebUniverse(new PackageSet(set.architecture, [request.installed]), false);
  const standing = {
    has: (one: DebPackage) => one.source === request.installed,
    meets: (group: RelationGroup) => before.candidates(group).length > 0,
  };
  const universe = new DebUniverse(set, request.recommends, undefined, standing);
  const installed = packagesOf(set, request.installed);
  const local = request.local === undefined ? [] : packagesOf(set, request.local);
  const taken = takeFrom
    .map(({ repository, name }) => bestOf(universe, repository, name))
    .filter((one) => !installed.some(({ name, version }) => name === one.name && version === one.version));
  const replaced = [...(request.replaced ?? []), ...taken.map(({ name }) => name)];
  for (const one of taken) universe.choose(one);
  for (const one of local) refuseUnasked(one, installed, replaced);
  for (const one of local) universe.choose(one);
  const gone = new Set([...removed, ...replaced]);
  for (const name of gone) requireInstalled(name, installed);
  const asked = request.install.map((text) => ({ text, one: findRequested(universe, text) }));
  for (const { one } of asked) if (one.source !== request.installed) refuseUnasked(one, installed, replaced);
  const outcome = solveProblem({
    universe,
    wanted: [
      ...installed
        .filter(({ name }) => !gone.has(name))
        .map((one) => ({ candidates: [one], label: { kind: "installed" } as const })),
      ...[...local, ...taken].map((one) => ({ candidates: [one], label: { kind: "asked", text: one.name } as const })),
      ...asked.map(({ one, text }) => ({ candidates: [one], label: { kind: "asked", text } as const })),
    ],
    forbidden: installed
      .filter(({ name }) => gone.has(name))
      .map((one) => ({ one, label: { kind: "excluded" } as const })),
  });
  if (!outcome.solved) {
    const why = tellCauses(universe, explain(outcome.causes, claimOf));
    throw packageError("unsolvable", `the packages cannot be added to those that are there:\n${why}`);
  }
  const added = [...outcome.chosen]
    .filter(([one]) => one.source !== request.installed)
    .map(([one, reason]) => ({ package: one, reason, why: tellReason(reason) }))
    .toSorted((a, b) => (a.package.name < b.package.name ? -1 : 1));
  const present = asked
    .filter(({ one }) => one.source === request.installed)
    .map(({ text, one }) => ({ request: text, by: one }));
  return { added, present };
}

function bestOf(universe: DebUniverse, repository: string, name: string): DebPackage {
  const isOf = ({ info: { suite, codename } }: IndexedSource) => [suite, codename].includes(repository);
  const best = universe.versions(name).find(({ source }) => isOf(source));
  if (best !== undefined) return best;
  throw packageError("unknown", `no package of the repository ${repository} is called ${name}`, {
    hint: "check the spelling; repositories are named by their suite or codename",
  });
}

function packagesOf(set: PackageSet, source: IndexedSource): DebPackage[] {
  return [...source.index.names.keys()].flatMap((name) => set.versions(name).filter((one) => one.source === source));
}

function refuseUnasked(one: DebPackage, installed: readonly DebPackage[], replaced: readonly string[]): void {
  const there = installed.find(({ name }) => name === one.name);
  if (there === undefined || replaced.includes(one.name)) return;
  throw packageError("unsolvable", `${one.name} is there already in version ${there.version}, not ${one.version}`, {
    hint: `packages of the base are exchanged with  atomic host override replace`,
  });
}

function requireInstalled(name: string, installed: readonly DebPackage[]): void {
  if (installed.some((one) => one.name === name)) return;
  throw packageError("unknown", `no package of the base is called ${name}`);
}
