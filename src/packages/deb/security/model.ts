// SPDX-License-Identifier: Apache-2.0

/** By their numbers in rpm-ostree (RpmOstreeAdvisorySeverity). */
export const advisorySeverities = ["unknown", "low", "moderate", "important", "critical"] as const;

/** CVEs that a version of a source package mends. */
export interface SecurityFix {
  /** The first version that has them mended. */
  readonly version: string;
  readonly severity: (typeof advisorySeverities)[number];
  readonly cves: readonly string[];
}

/** A source package that a tree has binary packages of, with the CVEs that are mended in its version. */
export interface SourceSecurity {
  readonly source: string;
  /** Codename of the distribution's release that it is from: a CVE has another fixed version in each. */
  readonly release: string;
  readonly version: string;
  /** NAME-VERSION.ARCH of the binary packages in the tree. */
  readonly packages: readonly string[];
  readonly fixes: readonly SecurityFix[];
}

export const cvePattern = /^CVE-[0-9]{4}-[0-9]{4,10}$/;
