// SPDX-License-Identifier: Apache-2.0
/**
 * The advisories of a version: what rpm-ostree's composes put into a commit, or beside it, from the updateinfo of their
 * package repositories (`rpmostree.advisories`, RPMOSTREE_UPDATE_ADVISORY_GVARIANT_STRING).
 */
import type { GVariantValue, Variant } from "../../formats/index.ts";
import { type Checksum, loadDetached, type Repo } from "../../ostree/index.ts";
import { tryLoadCommit } from "../commit-metadata.ts";

export const severities = ["unknown", "low", "moderate", "important", "critical"] as const;
export const advisoryKinds = ["unknown", "security", "bugfix", "enhancement", "newpackage"] as const;

export interface VersionAdvisory {
  readonly id: string;
  readonly kind: (typeof advisoryKinds)[number];
  readonly severity: (typeof severities)[number];
  /** NAME-[EPOCH:]VERSION-RELEASE.ARCH of the tree */
  readonly packages: readonly string[];
  readonly cves: readonly { readonly title: string; readonly url: string }[];
}

const advisoriesKey = "rpmostree.advisories";
const advisoriesType = "a(suuasa{sv})";

/** Those of `to` that `from` does not have, the most severe first (`calculate_advisories_diff`). */
export function newAdvisories(repo: Repo, from: Checksum, to: Checksum): VersionAdvisory[] {
  const present = new Set(commitAdvisories(repo, from).map(({ id }) => id));
  const rank = ({ severity }: VersionAdvisory) => severities.indexOf(severity);
  return commitAdvisories(repo, to)
    .filter(({ id }) => !present.has(id))
    .toSorted((a, b) => rank(b) - rank(a) || (a.id < b.id ? -1 : 1));
}

/** All that a commit tells. */
export function commitAdvisories(repo: Repo, checksum: Checksum): VersionAdvisory[] {
  const commit = tryLoadCommit(repo, checksum);
  const value = commit?.metadata.get(advisoriesKey) ?? loadDetached(repo, checksum).get(advisoriesKey);
  return value?.type === advisoriesType ? (value.value as readonly GVariantValue[]).map(readAdvisory) : [];
}

/** As rpm-ostree's JSON and D-Bus have it. */
export type AdvisoryRow = readonly [
  id: string,
  kind: number,
  severity: number,
  packages: readonly string[],
  more: { readonly cve_references: readonly (readonly [url: string, title: string])[] },
];

export function advisoryRow({ id, kind, severity, packages, cves }: VersionAdvisory): AdvisoryRow {
  const references = cves.map(({ url, title }) => [url, title] as const);
  return [id, advisoryKinds.indexOf(kind), severities.indexOf(severity), packages, { cve_references: references }];
}

export function readAdvisoryRow([id, kind, severity, packages, more]: AdvisoryRow): VersionAdvisory {
  const cves = more.cve_references.map(([url, title]) => ({ title, url }));
  return { id, kind: advisoryKinds[kind] ?? "unknown", severity: severities[severity] ?? "unknown", packages, cves };
}

function readAdvisory(value: GVariantValue): VersionAdvisory {
  const [id, kind, severity, packages, more] = value as unknown as readonly [
    string,
    number,
    number,
    readonly string[],
    ReadonlyMap<string, Variant>,
  ];
  const found = more.get("cve_references");
  const references = found?.type === "a(ss)" ? (found.value as unknown as AdvisoryRow[4]["cve_references"]) : [];
  const row = [id, eitherEndian(kind), eitherEndian(severity), packages, { cve_references: references }] as const;
  return readAdvisoryRow(row);
}

/** rpm-ostree writes metadata big-endian (`rpmostree_variant_native_to_be`), other tools as the machine has it. */
function eitherEndian(value: number): number {
  return value > 0xffffff ? value >>> 24 : value;
}
