// SPDX-License-Identifier: Apache-2.0
/** The words for why packages are chosen, and why they cannot be. */
import type { DebPackage } from "../apt/package-set.ts";
import type { Cause, Reason } from "../solver/model.ts";
import { formatGroup, type Relation, type RelationGroup } from "./relation.ts";
import type { DebLabel, DebUniverse } from "./universe.ts";

export function tellReason(reason: Reason<DebPackage, DebLabel>): string {
  if (reason.kind === "request") {
    return reason.label.kind === "asked" ? "asked for" : reason.label.kind;
  }
  const { label } = reason.requirement;
  const relation = label.kind === "relation" ? `${label.field} of ` : "needed by ";
  const group = label.kind === "relation" ? `: ${formatGroup(label.group)}` : "";
  return `${relation}${reason.by.name} ${reason.by.version}${group}`;
}

/** One line for each cause, in their order. */
export function tellCauses(universe: DebUniverse, causes: readonly Cause<DebPackage, DebLabel>[]): string {
  return causes.map((cause) => `  - ${tellCause(universe, cause)}`).join("\n");
}

function tellCause(universe: DebUniverse, cause: Cause<DebPackage, DebLabel>): string {
  switch (cause.kind) {
    case "request": {
      const names = cause.wanted.map(nameVersion).join(" or ");
      if (cause.label.kind === "installed") return `${names} is part of the base`;
      return cause.label.kind === "essential" ? `${names} is essential` : `${names} is asked for`;
    }
    case "forbidden":
      return `${cause.one.name} is excluded`;
    case "needs": {
      const { label, candidates } = cause.requirement;
      if (label.kind !== "relation")
        return `${nameVersion(cause.one)} needs ${candidates.map(nameVersion).join(" or ")}`;
      const verb = label.field === "Pre-Depends" ? "pre-depends on" : "depends on";
      const text = `${nameVersion(cause.one)} ${verb} ${formatGroup(label.group)}`;
      return candidates.length === 0 ? `${text}, ${tellMissing(universe, label.group)}` : text;
    }
    case "excludes":
      return `${nameVersion(cause.one)} ${tellExclusion(cause.other, cause.label)}`;
  }
}

function tellExclusion(other: DebPackage, label: DebLabel): string {
  if (label.kind !== "relation") return `excludes ${nameVersion(other)}`;
  const verb = label.field === "Breaks" ? "breaks" : "conflicts with";
  const relation = formatGroup(label.group);
  const [first] = label.group;
  if (first?.name === other.name) {
    return first.operator === undefined
      ? `${verb} ${relation}`
      : `${verb} ${relation}, and there is ${nameVersion(other)}`;
  }
  return `${verb} ${relation}, which ${nameVersion(other)} provides`;
}

function tellMissing(universe: DebUniverse, group: RelationGroup): string {
  const there = group.map((relation) => tellMissingOne(universe, relation)).filter((text) => text !== undefined);
  return there.length === 0 ? "which no repository has" : `but ${there.join(" and ")}`;
}

function tellMissingOne(universe: DebUniverse, relation: Relation): string | undefined {
  const real = universe.candidate(relation.name);
  if (real === undefined) return undefined;
  if (relation.qualifier === "any" && real.multiArch !== "allowed") return `${real.name} is not Multi-Arch: allowed`;
  return `${real.name} is there in version ${real.version}`;
}

function nameVersion(one: DebPackage): string {
  return `${one.name} ${one.version}`;
}
