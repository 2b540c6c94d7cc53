// SPDX-License-Identifier: Apache-2.0
/** What a rule says, found again when a person wants to know. */
import type { Claim } from "../../solver/explain.ts";
import type { Job } from "./job.ts";
import { type PackageRule, PackageRules } from "./package-rules.ts";
import { type Id } from "./pool.ts";
import type { State } from "./state.ts";

export type RpmCause = { readonly rule: number } & (
  | { readonly kind: "package"; readonly from: PackageRule }
  | { readonly kind: "job"; readonly job: Job }
  | { readonly kind: "best"; readonly job?: Job; readonly installed?: Id }
  | { readonly kind: "keep"; readonly installed: Id }
  | { readonly kind: "architecture" | "distupgrade" | "obsoletes" | "blacklist" | "priority" | "choice" }
);

export function causeOf(state: State, rule: number): RpmCause {
  const { sections, jobOf, bestInfo, pool } = state;
  const job = jobOf.get(rule);
  if (job !== undefined) return { rule, kind: "job", job: state.jobs[job]! };
  const about = bestInfo.get(rule);
  if (about !== undefined) {
    return about < 0
      ? { rule, kind: "best", job: state.jobs[jobOf.get(-about)!]! }
      : { rule, kind: "best", installed: about };
  }
  if (sections.package.has(rule) || sections.recommends.has(rule))
    return { rule, kind: "package", from: packageRule(state, rule) };
  for (const name of ["update", "feature"] as const) {
    if (sections[name].has(rule))
      return { rule, kind: "keep", installed: pool.installed[rule - sections[name].start]! };
  }
  const kinds = ["architecture", "distupgrade", "obsoletes", "blacklist", "priority"] as const;
  return { rule, kind: kinds.find((name) => sections[name].has(rule)) ?? "choice" };
}

/** The package and the dependency that a rule was made of; what was merged into one has several, the first is told. */
export function packageRule(state: State, rule: number): PackageRule {
  const literals = [...state.rules.literals(rule)];
  const text = String(literals);
  for (const literal of literals) {
    if (literal >= 0) continue;
    const found = rulesOf(state, -literal).get(text);
    if (found !== undefined) return found;
  }
  return { literals, owner: Math.abs(literals[0]!), kind: "requires" };
}

/** By literals. */
function rulesOf(state: State, id: Id): ReadonlyMap<string, PackageRule> {
  let found = state.packageRules.get(id);
  if (found === undefined) {
    const rules = new PackageRules(state).of(id).map((one): [string, PackageRule] => [String(one.literals), one]);
    // Of equal ones the first is told.
    state.packageRules.set(id, (found = new Map(rules.reverse())));
  }
  return found;
}

export function claimOfCause(state: State, cause: RpmCause): Claim<Id> {
  const literals = [...state.rules.literals(cause.rule)];
  const refuses = literals.filter((literal) => literal < 0).map((literal) => -literal);
  // A rich dependency has several on this side: whose it is comes first.
  if (cause.kind === "package") refuses.sort((a, b) => Number(b === cause.from.owner) - Number(a === cause.from.owner));
  const wants = literals.filter((literal) => literal > 0);
  return { wants, refuses, isRequest: cause.kind === "job" };
}
