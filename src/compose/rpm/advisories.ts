// SPDX-License-Identifier: Apache-2.0
/** `rpmostree.advisories`: the security advisories that the packages of a tree came with. */
import type { GVariantValue, Variant } from "../../formats/index.ts";
import type { Advisory, AdvisoryReference, AvailableRpm } from "../../packages/index.ts";

/** RpmOstreeAdvisorySeverity, by the names of RHEL (`str2severity`). */
const severities: Readonly<Record<string, number>> = { LOW: 1, MODERATE: 2, IMPORTANT: 3, CRITICAL: 4 };
/** DNF_ADVISORY_KIND_SECURITY */
const security = 1;

/**
 * Rows of id, kind, severity, packages and references (rpmostree-rpm-util.cxx `rpmostree_advisories_variant`): those of
 * security only, with the packages that are in the tree. Sorted, where rpm-ostree has the order of a hash table.
 */
export function advisoriesValue(advisories: readonly Advisory[], chosen: readonly AvailableRpm[]): GVariantValue[] {
  const inTree = new Set(chosen.map(({ nevra }) => nevra));
  return advisories
    .filter(({ type }) => type === "security")
    .map((one) => ({ ...one, packages: [...new Set(one.packages.filter((nevra) => inTree.has(nevra)))].sort() }))
    .filter(({ packages }) => packages.length > 0)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, severity, packages, references }) => [
      id,
      bigEndian(security),
      bigEndian(severities[severity.toUpperCase()] ?? 0),
      packages,
      new Map<string, Variant>([["cve_references", { type: "a(ss)", value: cveReferences(references) }]]),
    ]);
}

/** As all numbers in a composed commit's metadata (`rpmostree_variant_native_to_be`). */
function bigEndian(value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.readUInt32BE();
}

/** URL and title of Bugzilla's entries, of several that tell of the same CVEs the one whose URL comes first. */
function cveReferences(references: readonly AdvisoryReference[]): [url: string, title: string][] {
  const known = new Set<string>();
  return references
    .filter(({ type, url, title }) => type === "bugzilla" && url !== "" && title !== "")
    .toSorted((a, b) => (a.url < b.url ? -1 : a.url > b.url ? 1 : 0))
    .flatMap(({ url, title }): [string, string][] => {
      const cves = title.match(/\bCVE-[0-9]+-[0-9]+\b/g) ?? [];
      const isNew = cves.some((cve) => !known.has(cve));
      for (const cve of cves) known.add(cve);
      return isNew ? [[url, title]] : [];
    });
}
