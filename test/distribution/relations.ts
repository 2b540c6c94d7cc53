// SPDX-License-Identifier: Apache-2.0
/** Debian's versions and relationship fields in RPM's words. */
import { parseDebianVersion, parseRelations, type Relation } from "../../src/packages/index.ts";

export interface SpecVersion {
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
}

/**
 * The order of versions stays but for rare cases: both treat `~` alike. A missing revision counts as `0` (Policy 5.6.12);
 * it is always written, since RPM leaves releases out of account when one side has none: `> 2.41` would not take 2.41-12.
 */
export function specVersion(text: string): SpecVersion {
  const { epoch, upstream, revision } = parseDebianVersion(text);
  // A hyphen or colon would end the version.
  const plain = (part: string) => part.replaceAll(/[-:]/g, ".");
  return { epoch, version: plain(upstream), release: plain(revision) || "0" };
}

export function formatSpecVersion({ epoch, version, release }: SpecVersion): string {
  return `${epoch > 0 ? `${epoch}:` : ""}${version}-${release}`;
}

const operators = { "<<": "<", "<=": "<=", "=": "=", ">=": ">=", ">>": ">" } as const;

function formatRelation({ name, operator, version }: Relation): string {
  if (operator === undefined || version === undefined) return name;
  return `${name} ${operators[operator]} ${formatSpecVersion(specVersion(version))}`;
}

/** One dependency for each group; alternatives become a rich dependency. */
export function specDependencies(field: string, what: string): string[] {
  return parseRelations(field, what).map((group) => {
    const texts = [...new Set(group.map(formatRelation))];
    return texts.length === 1 ? texts[0]! : `(${texts.join(" or ")})`;
  });
}

/**
 * Conflicts without versions only. Those with `<<` keep apart the steps of an upgrade, which a distribution of one state
 * does not have; and in RPM they would hit packages that provide the name without a version.
 */
export function specConflicts(field: string, what: string): string[] {
  return parseRelations(field, what).flatMap((group) =>
    group.filter(({ operator }) => operator === undefined).map(({ name }) => name),
  );
}
