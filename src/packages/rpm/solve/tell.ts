// SPDX-License-Identifier: Apache-2.0
/** The words for why packages are chosen, and why they cannot be; the sentences are those that users of dnf know. */
import { explain } from "../../solver/explain.ts";
import { causeOf, claimOfCause, type RpmCause } from "./causes.ts";
import type { RpmDependency } from "../model.ts";
import type { Dependency } from "./dependencies.ts";
import type { Action } from "./job.ts";
import type { PackageRule } from "./package-rules.ts";
import { type Id, systemId } from "./pool.ts";
import type { Search } from "./search.ts";
import type { State } from "./state.ts";

/** One paragraph for each problem, one line for each cause. */
export function tellProblems(search: Search): string {
  const { state } = search;
  const told = search.problems.map((rules) => {
    const causes = explain(
      rules.map((rule) => causeOf(state, rule)),
      (cause) => claimOfCause(state, cause),
    );
    return [...new Set(causes.map((cause) => `  - ${tellCause(state, cause)}`))].join("\n");
  });
  return [...new Set(told)].join("\n\n");
}

function tellCause(state: State, cause: RpmCause): string {
  const first = Math.abs(state.rules.first(cause.rule));
  switch (cause.kind) {
    case "package":
      return tellPackageRule(state, cause.from);
    case "job":
      return `${cause.job.text} ${jobVerbs[cause.job.action] ?? `is ${cause.job.action}`}`;
    case "best":
      return tellBest(state, cause);
    case "keep":
      return `${nevra(state, cause.installed)} is installed, and is not to be removed`;
    case "architecture":
      return `${nevra(state, first)} has inferior architecture`;
    case "distupgrade":
      return `${nevra(state, first)} does not belong to a distupgrade repository`;
    case "blacklist":
      return `${nevra(state, first)} can only be installed by a direct request`;
    case "priority":
      return `${nevra(state, first)} has lower priority than another repository's`;
    case "obsoletes":
      return `${nevra(state, first)} comes with all packages that its predecessor was split into`;
    case "choice":
      return `${nevra(state, first)} keeps to what is installed`;
  }
}

const jobVerbs: Readonly<Partial<Record<Action, string>>> = {
  install: "is asked for",
  erase: "is to be removed",
  lock: "is locked",
  userinstalled: "is wanted",
};

function tellBest(state: State, cause: RpmCause & { kind: "best" }): string {
  const best = state.rules.wanted(cause.rule).map((id) => nevra(state, id));
  const candidates = best.slice(0, 3).join(" or ");
  if (cause.job) return `only the best candidate for ${cause.job.text} will do: ${candidates}`;
  return `only the best update for ${nevra(state, cause.installed!)} will do: ${candidates}`;
}

function tellPackageRule(state: State, { literals, owner, kind, dependency }: PackageRule): string {
  const name = nevra(state, owner);
  const others = literals.filter((literal) => literal < 0 && literal !== -owner).map((literal) => -literal);
  const [other] = others;
  const text = dependency?.text ?? "";
  switch (kind) {
    case "not-installable":
      return `package ${name} ${whyNotInstallable(state, owner)}`;
    case "requires":
    case "recommends": {
      const verb = kind === "requires" ? "requires" : "recommends";
      if (literals.length === 1) return tellMissing(state, dependency, name, verb);
      return `package ${name} ${verb} ${text}${tellProviders(state, literals, dependency)}`;
    }
    case "conflicts":
      if (other === undefined) return `package ${name} conflicts with ${text} provided by itself or the system`;
      return `package ${name} conflicts with ${text} provided by ${nevra(state, other)}`;
    case "obsoletes":
      return `package ${name} obsoletes ${text} provided by ${nevra(state, other!)}`;
    case "same-name":
      return `cannot install both ${name} and ${nevra(state, other!)}`;
  }
}

function tellProviders(state: State, literals: readonly number[], dependency: Dependency | undefined): string {
  const providers = literals.filter((literal) => literal > systemId);
  const [only, ...rest] = providers;
  if (only === undefined || (dependency && dependency.complex)) return "";
  if (rest.length > 2) return `, which ${nevra(state, only)} and ${rest.length} others provide`;
  return `, which ${providers.map((id) => nevra(state, id)).join(" or ")} ${rest.length === 0 ? "provides" : "provide"}`;
}

function tellMissing(state: State, dependency: Dependency | undefined, name: string, verb: string): string {
  if (dependency === undefined) return `package ${name} cannot be installed`;
  if (dependency.kind !== "plain") return `package ${name} ${verb} ${dependency.text}, which cannot be met`;
  const there = state.pool.named(dependency.plain.name).map((id) => nevra(state, id));
  const others = there.length === 0 ? "" : `; there is ${there.slice(0, 3).join(", ")}`;
  const hidden = hiddenProviders(state, dependency.plain);
  return `nothing provides ${dependency.text} needed by ${name}${others}${hidden}`;
}

function hiddenProviders({ pool }: State, wanted: RpmDependency): string {
  const hidden = pool.hidden(wanted);
  if (hidden.length === 0) return "";
  return `; ${hidden
    .map((id) => pool.nevra(id))
    .slice(0, 3)
    .join(", ")} would, but ${hidden.length > 1 ? "they are" : "it is"} excluded`;
}

function whyNotInstallable({ pool }: State, id: Id): string {
  if (pool.isExcluded(id)) return "is filtered out by exclude filtering";
  return "does not have a compatible architecture";
}

function nevra({ pool }: State, id: Id): string {
  return id === systemId ? "the system" : pool.nevra(id);
}
