// SPDX-License-Identifier: Apache-2.0
/** Relationship fields: Policy chapter 7, deb-control(5). */
import { packageError } from "../errors.ts";
import { compareDebianVersions } from "./version.ts";

export type VersionOperator = "<<" | "<=" | "=" | ">=" | ">>";

/** One package of a relationship, `name:arch (>= version)`. */
export interface Relation {
  readonly name: string;
  /** `any`, `native` or an architecture; absent when not qualified. */
  readonly qualifier?: string;
  readonly operator?: VersionOperator;
  readonly version?: string;
}

/** Alternatives, best first: `a | b`. */
export type RelationGroup = readonly Relation[];

// Policy 5.6.1 for names; 7.1: `<` and `>` are old forms of `<=` and `>=`.
const pattern =
  /^([A-Za-z0-9][A-Za-z0-9+.-]*)(?::([a-z0-9-]+))?(?:\s*\(\s*(<<|<=|=|>=|>>|<|>)\s*([^()\s]+)\s*\))?(?:\s*\[[^\]]*\])?$/;

/** Parses a whole field; an empty one gives no groups. Throws `packages-bad-dependency`. */
export function parseRelations(text: string, what: string): RelationGroup[] {
  const groups: RelationGroup[] = [];
  for (const part of text.split(",")) {
    const trimmed = part.trim();
    // apt takes an empty element, as of a comma at the end.
    if (trimmed === "") continue;
    groups.push(trimmed.includes("|") ? trimmed.split("|").map((one) => parse(one, what)) : [parse(trimmed, what)]);
  }
  return groups;
}

function parse(text: string, what: string): Relation {
  const match = pattern.exec(text.trim());
  if (match === null) throw packageError("bad-dependency", `${what}: ${JSON.stringify(text.trim().slice(0, 80))}`);
  const [, name = "", qualifier, operator, version] = match;
  return {
    name,
    ...(qualifier === undefined ? {} : { qualifier }),
    ...(operator === undefined || version === undefined ? {} : { operator: modern(operator), version }),
  };
}

function modern(operator: string): VersionOperator {
  return operator === "<" || operator === ">" ? `${operator}=` : (operator as VersionOperator);
}

export function formatRelation({ name, qualifier, operator, version }: Relation): string {
  const qualified = qualifier === undefined ? name : `${name}:${qualifier}`;
  return operator === undefined ? qualified : `${qualified} (${operator} ${version})`;
}

export function formatGroup(group: RelationGroup): string {
  return group.map(formatRelation).join(" | ");
}

/** Whether `version` is in the range that the relation asks for. */
export function satisfiesVersion(relation: Relation, version: string): boolean {
  if (relation.operator === undefined) return true;
  const order = compareDebianVersions(version, relation.version ?? "");
  switch (relation.operator) {
    case "<<":
      return order < 0;
    case "<=":
      return order <= 0;
    case "=":
      return order === 0;
    case ">=":
      return order >= 0;
    case ">>":
      return order > 0;
  }
}
