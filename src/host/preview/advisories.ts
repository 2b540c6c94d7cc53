// SPDX-License-Identifier: Apache-2.0
/**
 * The advisories of a version: what rpm-ostree's composes put into a commit, or beside it, from the updateinfo of their
 * package repositories (`rpmostree.advisories`, RPMOSTREE_UPDATE_ADVISORY_GVARIANT_STRING); and what ours put there of
 * Debian packages (`atomic.cves`), which is told in the same form.
 */
import type { GVariantValue, Variant } from "../../formats/index.ts";
import { type Checksum, loadDetached, type Repo } from "../../ostree/index.ts";
import {
  advisorySeverities as severities,
  decodeSourceSecurity,
  fixesBetween,
  sourceSecurityKey,
  type VersionFixes,
} from "../../packages/index.ts";
import { baseCommit, tryLoadCommit } from "../commit-metadata.ts";

export { severities };
export const advisoryKinds = ["unknown", "security", "bugfix", "enhancement", "newpackage"] as const;

export interface VersionAdvisory {
  /** With Debian packages the source package and its version, which is what there is an advisory for. */
  readonly id: string;
  readonly kind: (typeof advisoryKinds)[number];
  readonly severity: (typeof severities)[number];
  /** NAME-[EPOCH:]VERSION-RELEASE.ARCH of the tree */
  readonly packages: readonly string[];
  readonly cves: readonly { readonly title: string; readonly url: string }[];
}

const advisoriesKey = "rpmostree.advisories";
const advisoriesType = "a(suuasa{sv})";

/**
 * Those of `to` that `from` does not have, the most severe first (`calculate_advisories_diff`). What was layered on a
 * version on this host has none of its own: the versions themselves are compared.
 */
export function newAdvisories(repo: Repo, from: Checksum, to: Checksum): VersionAdvisory[] {
  const versions = [from, to].map((checksum) => baseCommit(repo, checksum));
  const [before = [], after = []] = versions.map((version) => readAdvisories(told(repo, version, advisoriesKey)));
  const [old = [], now = []] = versions.map((version) => decodeSourceSecurity(told(repo, version, sourceSecurityKey)));
  const present = new Set(before.map(({ id }) => id));
  const rank = ({ severity }: VersionAdvisory) => severities.indexOf(severity);
  return [...after.filter(({ id }) => !present.has(id)), ...fixesBetween(old, now).map(fixAdvisory)].toSorted(
    (a, b) => rank(b) - rank(a) || (a.id < b.id ? -1 : 1),
  );
}

/** What a commit has under a key, in itself or beside it. */
function told(repo: Repo, checksum: Checksum, key: string): Variant | undefined {
  return tryLoadCommit(repo, checksum)?.metadata.get(key) ?? loadDetached(repo, checksum).get(key);
}

function fixAdvisory({ source, version, severity, packages, cves }: VersionFixes): VersionAdvisory {
  const references = cves.map((cve) => ({ title: cve, url: `https://security-tracker.debian.org/tracker/${cve}` }));
  return { id: `${source} ${version}`, kind: "security", severity, packages, cves: references };
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

function readAdvisories(variant: Variant | undefined): VersionAdvisory[] {
  return variant?.type === advisoriesType ? (variant.value as readonly GVariantValue[]).map(readAdvisory) : [];
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
