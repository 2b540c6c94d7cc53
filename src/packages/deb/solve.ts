// SPDX-License-Identifier: Apache-2.0
import type { DebPackage, PackageSet } from "../apt/package-set.ts";
import { packageError } from "../errors.ts";
import type { PackageLocks } from "../model.ts";
import { explain } from "../solver/explain.ts";
import { claimOf, type Reason } from "../solver/model.ts";
import { solveProblem, type Wanted } from "../solver/solve.ts";
import { tellCauses, tellReason } from "./tell.ts";
import { type DebLabel, DebUniverse } from "./universe.ts";
import { findRequested } from "./request.ts";

export interface InstallRequest {
  /** `name`, `name=version`, `name/suite`, or a virtual package with exactly one provider. */
  readonly install: readonly string[];
  /** Names that must not be installed. */
  readonly exclude?: readonly string[];
  /** Whether Recommends are met where possible. */
  readonly recommends: boolean;
  /** Whether all packages that are Essential or of priority required are wanted too, as debootstrap's minbase has them. */
  readonly essential: boolean;
  readonly locks?: PackageLocks;
}

export interface SolvedPackage {
  readonly package: DebPackage;
  readonly reason: Reason<DebPackage, DebLabel>;
  /** The reason as a phrase: "asked for", "essential", "Depends of podman 5.4.2: crun | runc". */
  readonly why: string;
}

export interface Solution {
  /** By name. */
  readonly packages: readonly SolvedPackage[];
  readonly byName: ReadonlyMap<string, SolvedPackage>;
  /** Bytes that the packages occupy when installed, as they say. */
  readonly installedSize: number;
  readonly statistics: { readonly variables: number; readonly clauses: number; readonly conflicts: number };
}

/**
 * Chooses the packages for a request in an empty root, as `apt-get install` would.
 * @throws `packages-unknown` for a name that is not there, `packages-unsolvable` with the chain of causes
 */
export function solve(set: PackageSet, request: InstallRequest): Solution {
  const universe = new DebUniverse(set, request.recommends, request.locks);
  const asked = request.install.map((text) => wantedOf(findRequested(universe, text), { kind: "asked", text }));
  const essential = request.essential ? essentialPackages(universe) : [];
  const excluded = (request.exclude ?? []).map((name) => universe.candidate(name)).filter((one) => one !== undefined);
  const outcome = solveProblem({
    universe,
    wanted: [...essential.map((one) => wantedOf(one, { kind: "essential" })), ...asked],
    forbidden: excluded.map((one) => ({ one, label: { kind: "excluded" } as const })),
  });
  if (!outcome.solved) {
    const why = tellCauses(universe, explain(outcome.causes, claimOf));
    throw packageError("unsolvable", `the packages cannot be installed together:\n${why}`);
  }
  return solution(outcome.chosen, outcome.statistics);
}

function wantedOf(one: DebPackage, label: DebLabel): Wanted<DebPackage, DebLabel> {
  return { candidates: [one], label };
}

/** Candidates that are `Essential: yes` or of priority required, by name: what debootstrap's minbase asks for. */
function essentialPackages(universe: DebUniverse): DebPackage[] {
  const candidates = universe.set.essential().filter((one) => universe.candidate(one.name) === one);
  return candidates.sort(byName);
}

function byName(a: DebPackage, b: DebPackage): number {
  return a.name < b.name ? -1 : 1;
}

function solution(
  chosen: ReadonlyMap<DebPackage, Reason<DebPackage, DebLabel>>,
  statistics: Solution["statistics"],
): Solution {
  const packages = [...chosen]
    .map(([one, reason]) => ({ package: one, reason, why: tellReason(reason) }))
    .sort((a, b) => byName(a.package, b.package));
  return {
    packages,
    byName: new Map(packages.map((one) => [one.package.name, one])),
    installedSize: packages.reduce((sum, one) => sum + one.package.installedSize, 0),
    statistics,
  };
}

/** Why a package is in a solution: from it to the request, one line each. */
export function explainChoice(solution: Solution, name: string): string[] {
  const lines: string[] = [];
  for (let one = solution.byName.get(name); one !== undefined;) {
    lines.push(`${one.package.name} ${one.package.version}: ${one.why}`);
    one = one.reason.kind === "needed" ? solution.byName.get(one.reason.by.name) : undefined;
  }
  return lines;
}
