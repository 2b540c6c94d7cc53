// SPDX-License-Identifier: Apache-2.0
/** Chooses RPM packages for a request, as dnf would. */
import { fnmatchPattern } from "../../../base/index.ts";
import { packageError } from "../../errors.ts";
import type { AvailableRpm } from "../../repomd/available-rpm.ts";
import type { Comps } from "../../repomd/comps.ts";
import type { RpmPackageSet } from "../../repomd/package-set.ts";
import type { RpmPackage } from "../model.ts";
import { keepsTo } from "./locks.ts";
import { type Id, Pool } from "./pool.ts";
import { asksForGroups, jobsOf, type RpmRequest } from "./request.ts";
import { reasonOf, tellReason } from "./reasons.ts";
import { listRepository, repositoriesOf } from "./repository.ts";
import type { Search } from "./search.ts";
import { solveJobs } from "./solve.ts";
import type { SolverOptions } from "./state.ts";
import { tellProblems } from "./tell.ts";
import { transactionOf } from "./transaction.ts";

export interface SolvedRpm {
  /** Of a repository; with `local` of the request it may be one of those. */
  readonly package: AvailableRpm;
  readonly reason: "user" | "dependency" | "weak-dependency";
  /** The reason as a phrase. */
  readonly why: string;
  /** The package that the phrase is about, by NEVRA. */
  readonly because?: string;
}

export interface RpmChange {
  readonly from: RpmPackage;
  readonly to: SolvedRpm;
}

export interface RpmSolution {
  /** By name. */
  readonly install: readonly SolvedRpm[];
  readonly update: readonly RpmChange[];
  readonly downgrade: readonly RpmChange[];
  readonly erase: readonly RpmPackage[];
}

/** libdnf's flags (Goal::Impl::initSolver). */
const dnfOptions: SolverOptions = {
  allowVendorChange: true,
  keepOrphans: true,
  bestObeysPolicy: true,
  yumObsoletes: true,
  kernelAndLocaleOrder: true,
};

/**
 * @throws `packages-unknown` for what no repository has, `packages-unsolvable` with the causes. Loads the lists of all
 * files when there is no solution without them.
 */
export async function resolveRpms(set: RpmPackageSet, request: RpmRequest): Promise<RpmSolution> {
  const comps = asksForGroups(request) ? await set.loadComps() : { groups: [], environments: [] };
  try {
    return solution(attempt(set, comps, request));
  } catch (error) {
    if (set.unknownPaths.length === 0) throw error;
    await set.loadFilelists();
    pools.delete(set);
    return solution(attempt(set, comps, request));
  }
}

function attempt(set: RpmPackageSet, comps: Comps, request: RpmRequest): Search {
  const pool = poolOf(set, request);
  const allowUninstall = request.allowErasing ?? (request.erase ?? []).length > 0;
  // libdnf sets this for all but updates.
  const allowDowngrade = request.update === undefined;
  const options = { ...dnfOptions, ignoreRecommended: !request.recommends, allowUninstall, allowDowngrade };
  const search = solveJobs(pool, jobsOf({ pool, comps }, request), options);
  if (search.problems.length > 0) {
    throw packageError("unsolvable", `the packages cannot be installed together:\n${tellProblems(search)}`, {
      hint: "leave out one of the packages that are asked for, or an exclude",
    });
  }
  return search;
}

/** What was learned of a set for its last request: the next one is often about the same packages. */
const pools = new WeakMap<RpmPackageSet, { readonly key: string; readonly pool: Pool }>();

function poolOf(set: RpmPackageSet, request: RpmRequest): Pool {
  const { architecture, installed = [], local = [], exclude = [], locks } = request;
  const key = JSON.stringify([architecture, exclude, locks && [...locks.packages], locks?.strict]);
  const known = pools.get(set);
  if (known?.key === key && installed.length === 0 && local.length === 0) return known.pool;
  const system = listRepository({ name: "@System", priority: 0, installed: true }, installed);
  const excluded = excludes(request);
  // Repositories have priority 99 where they do not say otherwise; a file that somebody names comes before all.
  const atHand = listRepository({ name: "@commandline", priority: 0 }, local);
  const lists = [...(installed.length > 0 ? [system] : []), ...(local.length > 0 ? [atHand] : [])];
  const pool = new Pool([...lists, ...repositoriesOf(set)], {
    architecture,
    colours: true,
    excluded: (one, repository) => !repository.installed && repository !== atHand && excluded(one),
  });
  if (installed.length === 0 && local.length === 0) pools.set(set, { key, pool });
  return pool;
}

function excludes({ exclude = [], locks }: RpmRequest): (one: RpmPackage) => boolean {
  const patterns = exclude.map(fnmatchPattern);
  return (one) => {
    if (locks !== undefined && !keepsTo(locks, one)) return true;
    if (patterns.length === 0) return false;
    const { name, architecture, version } = one;
    const forms = [name, `${name}.${architecture}`, `${name}-${version}`, `${name}-${version}.${architecture}`];
    return patterns.some((pattern) => forms.some((form) => pattern.test(form)));
  };
}

function solution(search: Search): RpmSolution {
  const { pool } = search.state;
  const { install, upgrade, downgrade, change, erase } = transactionOf(search);
  const changes = (map: ReadonlyMap<Id, Id>) =>
    [...map].map(([from, to]) => ({ from: pool.package(from), to: solved(search, to) }));
  return {
    install: install.map((id) => solved(search, id)).sort((a, b) => compareText(a.package.nevra, b.package.nevra)),
    update: [...changes(upgrade), ...changes(change)],
    downgrade: changes(downgrade),
    erase: [...erase.keys()].map((id) => pool.package(id)),
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

const reasonKinds = {
  requested: "user",
  requires: "dependency",
  update: "dependency",
  policy: "dependency",
  recommends: "weak-dependency",
  supplements: "weak-dependency",
} as const;

function solved(search: Search, id: Id): SolvedRpm {
  const { pool } = search.state;
  const reason = reasonOf(search, id);
  const because = "by" in reason ? pool.nevra(reason.by) : undefined;
  return {
    package: pool.package(id) as AvailableRpm,
    reason: reasonKinds[reason.kind],
    why: tellReason(search, reason),
    ...(because !== undefined && { because }),
  };
}

/** Why a package is in a solution: from it to the request, one line each. */
export function explainRpm({ install, update, downgrade }: RpmSolution, name: string): string[] {
  const all = [...install, ...update.map(({ to }) => to), ...downgrade.map(({ to }) => to)];
  const byNevra = new Map(all.map((one) => [one.package.nevra, one]));
  const lines = new Map<SolvedRpm, string>();
  let one = byNevra.get(name) ?? all.find((other) => other.package.name === name);
  while (one !== undefined && !lines.has(one)) {
    lines.set(one, `${one.package.nevra}: ${one.why}`);
    one = one.because === undefined ? undefined : byNevra.get(one.because);
  }
  return [...lines.values()];
}
