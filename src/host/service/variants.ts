// SPDX-License-Identifier: Apache-2.0
/** The state of a host as rpm-ostree's D-Bus dictionaries (its rpmostreed-deployment-utils.cxx, rpmostree-package-variants.cxx). */
import type { GVariantValue, Variant } from "../../formats/index.ts";
import { asChecksum, type Commit, type Repo } from "../../ostree/index.ts";
import type { PackageChange, PackageDiff, PackageId } from "../../packages/index.ts";
import { isLayered, tryLoadCommit } from "../commit-metadata.ts";
import { advisoryKinds, severities, type VersionAdvisory } from "../preview/advisories.ts";
import type { SignatureTuple } from "../signatures.ts";
import type { DeploymentStatus } from "../status.ts";

/** `a{sv}` */
export type Dictionary = ReadonlyMap<string, Variant>;

/** Keys of `DeploymentStatus` that go over D-Bus, with their types. */
const deploymentTypes: Readonly<Partial<Record<keyof DeploymentStatus, string>>> = {
  id: "s",
  osname: "s",
  serial: "i",
  checksum: "s",
  "base-checksum": "s",
  version: "s",
  timestamp: "t",
  origin: "s",
  "container-image-reference": "s",
  "container-image-reference-digest": "s",
  booted: "b",
  staged: "b",
  pinned: "b",
  unlocked: "s",
  "finalization-locked": "b",
  "live-replaced": "s",
  "live-inprogress": "s",
  "requested-packages": "as",
  "requested-local-packages": "as",
  "requested-base-removals": "as",
  "requested-base-local-replacements": "as",
  "requested-base-remote-replacements": "a(sas)",
  packages: "as",
  "requested-local-fileoverride-packages": "as",
  "base-version": "s",
  "base-timestamp": "t",
  "regenerate-initramfs": "b",
  "initramfs-args": "as",
  "initramfs-etc": "as",
  "gpg-enabled": "b",
  "remote-error": "s",
  endoflife: "s",
  "pending-base-checksum": "s",
  "pending-base-version": "s",
  "pending-base-timestamp": "t",
};

/** One deployment, as in the property `Deployments`. */
export function deploymentDictionary(status: DeploymentStatus, repo: Repo): Dictionary {
  const commit = tryLoadCommit(repo, asChecksum(status.checksum));
  return new Map([
    ...plainEntries(status, Object.keys(deploymentTypes) as (keyof DeploymentStatus)[]),
    ...signatureEntries(status.signatures),
    ...layerEntries(commit),
    ["base-commit-meta", { type: "a{sv}", value: commitMetadata(commit) }],
  ]);
}

/** What packages did to the base, as the commit has it. */
const layerKeys: readonly (readonly [key: string, type: string, metadata: string])[] = [
  ["base-removals", "av", "rpmostree.removed-base-packages"],
  ["base-local-replacements", "a(vv)", "rpmostree.replaced-base-packages"],
  ["base-remote-replacements", "a{sv}", "rpmostree.replaced-base-remote-packages"],
];

function layerEntries(commit: Commit | undefined): [string, Variant][] {
  return layerKeys.map(([key, type, name]) => {
    const value = isLayered(commit) ? commit?.metadata.get(name) : undefined;
    const none = { type, value: type === "a{sv}" ? new Map() : [] };
    return [key, value?.type === type ? value : none];
  });
}

function plainEntries(
  status: Partial<DeploymentStatus>,
  keys: readonly (keyof DeploymentStatus)[],
): [string, Variant][] {
  return keys.flatMap((key): [string, Variant][] => {
    const [type, value] = [deploymentTypes[key], status[key]];
    if (type === undefined || value === undefined) return [];
    return [[key, { type, value: (type === "t" ? BigInt(value as number) : value) as GVariantValue }]];
  });
}

/** The attributes of OstreeGpgSignatureAttr up to the key's owner. */
const signatureType = "(bbbbbsxxssss)";

function signatureEntries(signatures: readonly SignatureTuple[] | undefined): [string, Variant][] {
  if (signatures === undefined) return [];
  const value = signatures.map((tuple) => ({
    type: signatureType,
    value: tuple.map((item) => (typeof item === "number" ? BigInt(item) : item)),
  }));
  return [["signatures", { type: "av", value }]];
}

/** Package lists are left out (`filter_commit_meta`), as is what has a type that D-Bus lacks. */
function commitMetadata(commit: Commit | undefined): Dictionary {
  const entries = [...(commit?.metadata ?? [])] as [string, Variant][];
  return new Map(entries.filter(([key, { type }]) => !leftOut.has(key) && !type.includes("m")));
}

const leftOut = new Set(["rpmostree.rpmdb.pkglist", "atomic.cves", "atomic.packages"]);

/** What `GetCachedUpdateRpmDiff` and its like tell of a commit (`rpmostreed_commit_generate_cached_details_variant`). */
export function detailsDictionary(details: Partial<DeploymentStatus>): Dictionary {
  const keys = ["osname", "checksum", "version", "timestamp", "origin", "gpg-enabled"] as const;
  return new Map([...plainEntries(details, keys), ...signatureEntries(details.signatures)]);
}

const [added, removed, upgraded, downgraded] = [0, 1, 2, 3];

/** `a(sua{sv})`, in name order. */
export function diffVariant(diff: PackageDiff): GVariantValue[] {
  const id = ({ name, version, architecture }: PackageId) => ({
    type: "(sss)",
    value: [name, version, architecture],
  });
  const row = (name: string, kind: number, before: PackageId | undefined, after: PackageId | undefined) => {
    const dictionary: Dictionary = new Map([
      ...(before === undefined ? [] : [["PreviousPackage", id(before)] as const]),
      ...(after === undefined ? [] : [["NewPackage", id(after)] as const]),
    ]);
    return { name, value: [name, kind, dictionary] as GVariantValue[] };
  };
  const changed = (kind: number) => (change: PackageChange) => {
    const { name, architecture } = change;
    const [before, after] = [change.from, change.to].map((version) => ({ name, version, architecture }));
    return row(name, kind, before, after);
  };
  const rows = [
    ...diff.added.map((each) => row(each.name, added!, undefined, each)),
    ...diff.removed.map((each) => row(each.name, removed!, each, undefined)),
    ...diff.upgraded.map(changed(upgraded!)),
    ...diff.downgraded.map(changed(downgraded!)),
  ];
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)).map(({ value }) => value);
}

/** The key `rpm-diff` of `CachedUpdate`: packages by what becomes of them; all are the base's (type 0). */
export function diffDictionary(diff: PackageDiff): Dictionary {
  const change = ({ name, architecture, from, to }: PackageChange) => [
    0,
    name,
    [from, architecture],
    [to, architecture],
  ];
  const single = ({ name, version, architecture }: PackageId) => [0, name, version, architecture];
  return new Map([
    ["upgraded", { type: "a(us(ss)(ss))", value: diff.upgraded.map(change) }],
    ["downgraded", { type: "a(us(ss)(ss))", value: diff.downgraded.map(change) }],
    ["removed", { type: "a(usss)", value: diff.removed.map(single) }],
    ["added", { type: "a(usss)", value: diff.added.map(single) }],
  ]);
}

/** The key `advisories` of `CachedUpdate`, `a(suuasa{sv})`: numbers are those of the updateinfo (RpmOstreeAdvisoryKind). */
export function advisoriesVariant(advisories: readonly VersionAdvisory[]): Variant {
  const value = advisories.map(({ id, kind, severity, packages, cves }) => {
    const references = cves.map(({ url, title }) => [url, title]);
    const more: Dictionary = new Map([["cve_references", { type: "a(ss)", value: references }]]);
    return [id, advisoryKinds.indexOf(kind), severities.indexOf(severity), packages, more];
  });
  return { type: "a(suuasa{sv})", value };
}
