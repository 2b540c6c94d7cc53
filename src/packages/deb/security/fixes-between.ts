// SPDX-License-Identifier: Apache-2.0
import { compareDebianVersions } from "../version.ts";
import { advisorySeverities, type SecurityFix, type SourceSecurity } from "./model.ts";

/** What one version of a source package brings to a tree. */
export interface VersionFixes extends SecurityFix {
  readonly source: string;
  /** NAME-VERSION.ARCH of the binary packages in the tree. */
  readonly packages: readonly string[];
}

/**
 * The CVEs that one tree has and another has mended: those of a source package that both have, with a fixed version that
 * is newer than what was there and not newer than what is there now. Of several versions of a source package (a kernel
 * beside another) the oldest counts, which is the one that has the hole.
 */
export function fixesBetween(before: readonly SourceSecurity[], after: readonly SourceSecurity[]): VersionFixes[] {
  const old = Map.groupBy(before, ({ source }) => source);
  const now = Map.groupBy(after, ({ source }) => source);
  return [...now].flatMap(([source, rows]) => sourceFixes(source, old.get(source) ?? [], rows));
}

function sourceFixes(
  source: string,
  before: readonly SourceSecurity[],
  after: readonly SourceSecurity[],
): VersionFixes[] {
  const [old, now] = [oldest(before), oldest(after)];
  if (old === undefined || now === undefined || compareDebianVersions(now, old) <= 0) return [];
  const known = knownElsewhere(before, after);
  const isNew = ({ version }: SecurityFix) =>
    compareDebianVersions(version, old) > 0 && compareDebianVersions(version, now) <= 0;
  const fixes = Map.groupBy(after.flatMap((row) => row.fixes).filter(isNew), ({ version }) => version);
  const packages = after.flatMap((row) => row.packages);
  return [...fixes].flatMap(([version, parts]) => {
    const told = parts.map((part) => ({ ...part, cves: part.cves.filter((cve) => !known.has(cve)) }));
    const cves = [...new Set(told.flatMap((part) => part.cves))].toSorted();
    if (cves.length === 0) return [];
    const worst = Math.max(...told.filter((part) => part.cves.length > 0).map(severityRank));
    return [{ source, version, severity: advisorySeverities[worst]!, cves, packages }];
  });
}

/**
 * What the release before had mended in versions of its own: from one release to the next, versions alone do not tell.
 * Within a release they do, and what was thought to be mended and was not is told again with its second fix.
 */
function knownElsewhere(before: readonly SourceSecurity[], after: readonly SourceSecurity[]): Set<string> {
  const releases = new Set(after.map(({ release }) => release));
  const others = before.filter(({ release }) => !releases.has(release));
  return new Set(others.flatMap((row) => row.fixes.flatMap(({ cves }) => cves)));
}

function oldest(rows: readonly SourceSecurity[]): string | undefined {
  return rows.map(({ version }) => version).toSorted(compareDebianVersions)[0];
}

const severityRank = ({ severity }: SecurityFix) => advisorySeverities.indexOf(severity);
