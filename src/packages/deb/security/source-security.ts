// SPDX-License-Identifier: Apache-2.0
/**
 * `atomic.cves` of a commit: of each source package that has packages in the tree its release, version, packages, and the
 * CVEs that are mended in it, so that any two commits can be compared. The CVEs are one text, a line for each version,
 * `VERSION SEVERITY YEAR-NUMBER...`: as 10,000 values of their own they would cost 10 ms whenever the commit is read.
 */
import type { Variant } from "../../../formats/index.ts";
import { compareDebianVersions, isDebianVersion } from "../version.ts";
import { advisorySeverities, cvePattern, type SecurityFix, type SourceSecurity } from "./model.ts";

export const sourceSecurityKey = "atomic.cves";
const type = "a(sssass)";

/** CVEs of one source package: those of the newest versions. Linux alone has 12,000, 130 kB in every commit. */
export const fixLimit = 2000;

export function encodeSourceSecurity(sources: readonly SourceSecurity[]): Variant {
  const key = ({ source, version }: SourceSecurity) => `${source}\0${version}`;
  const value = sources
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    .map(({ source, release, version, packages, fixes }) => [
      source,
      release,
      version,
      packages.toSorted(),
      newest(fixes, version).map(fixLine).join("\n"),
    ]);
  return { type, value };
}

/** None where the commit does not say. */
export function decodeSourceSecurity(variant: Variant | undefined): SourceSecurity[] {
  if (variant?.type !== type) return [];
  return (variant.value as unknown as readonly Row[]).map(([source, release, version, packages, fixes]) => ({
    source,
    release,
    version,
    packages,
    fixes: fixes.split("\n").flatMap(readFixLine),
  }));
}

type Row = readonly [source: string, release: string, version: string, packages: readonly string[], fixes: string];

function fixLine({ version, severity, cves }: SecurityFix): string {
  return [version, advisorySeverities.indexOf(severity), ...cves.map((cve) => cve.replace(/^CVE-/, ""))].join(" ");
}

/** None of a line that has no version: what a commit tells is shown on terminals. */
function readFixLine(line: string): SecurityFix[] {
  const [version = "", severity, ...numbers] = line.split(" ");
  const cves = numbers.map((number) => `CVE-${number}`).filter((cve) => cvePattern.test(cve));
  if (!isDebianVersion(version)) return [];
  return [{ version, severity: advisorySeverities[Number(severity)] ?? "unknown", cves }];
}

/** Those up to a version, the newest first, as many CVEs as there is room for. */
function newest(fixes: readonly SecurityFix[], upTo: string): SecurityFix[] {
  const there = fixes
    .filter(({ version }) => compareDebianVersions(version, upTo) <= 0)
    .toSorted((a, b) => compareDebianVersions(b.version, a.version) || rank(b) - rank(a));
  let room = fixLimit;
  return there.flatMap((fix) => {
    const cves = fix.cves.slice(0, room);
    room -= cves.length;
    return cves.length === 0 ? [] : [{ ...fix, cves }];
  });
}

const rank = ({ severity }: SecurityFix) => advisorySeverities.indexOf(severity);
