// SPDX-License-Identifier: Apache-2.0
import type { Stanza } from "../../formats/index.ts";
import {
  changelogFixes,
  debianChangelogPaths,
  readDebianChangelog,
  readTracker,
  type SecurityFix,
  type SourceSecurity,
  sourcesOf,
  type TrackerFixes,
} from "../../packages/index.ts";
import type { PackageRelease } from "./release.ts";

/** A binary package of a tree. */
export interface BinaryPackage extends PackageRelease {
  readonly fields: Stanza;
  /** A file of the package; undefined where there is none. */
  file(path: string): Uint8Array | undefined;
}

interface Source extends PackageRelease {
  readonly name: string;
  readonly version: string;
  /** Whether its packages are made of it, and not only signed. */
  readonly own: boolean;
  readonly binaries: readonly BinaryPackage[];
}

/**
 * The CVEs that are mended in the packages of a tree: what the tracker's data say, else what the packages' changelogs do.
 * @param tracker the data as they are published, or compressed
 */
export function sourceSecurity(
  packages: readonly BinaryPackage[],
  tracker: { readonly data: Buffer; readonly what: string } | undefined,
): SourceSecurity[] {
  const sources = sourcesOfAll(packages);
  const fixes = tracker && readTracker(tracker.data, tracker.what, wantedOf(sources));
  return sources.map((one) => ({
    source: one.name,
    release: one.release,
    version: one.version,
    packages: one.binaries.map(({ fields }) => nevra(fields)),
    fixes: fixes === undefined ? fixesOfChangelog(one) : fixesOfTracker(one, fixes),
  }));
}

function sourcesOfAll(packages: readonly BinaryPackage[]): Source[] {
  const made = packages.flatMap((binary) =>
    sourcesOf(binary.fields).map((source, at) => ({ ...source, own: at === 0, binary })),
  );
  return [...Map.groupBy(made, ({ name, version }) => `${name} ${version}`).values()].map((rows) => {
    const { name, version, binary } = rows[0]!;
    const { release, tracked } = binary;
    const own = rows.some((row) => row.own);
    return { name, version, own, release, tracked, binaries: rows.map((row) => row.binary) };
  });
}

function wantedOf(sources: readonly Source[]): Map<string, Set<string>> {
  const tracked = Map.groupBy(
    sources.filter((one) => one.tracked),
    ({ name }) => name,
  );
  return new Map([...tracked].map(([name, rows]) => [name, new Set(rows.map(({ release }) => release))]));
}

function fixesOfTracker({ name, release, tracked }: Source, fixes: TrackerFixes): readonly SecurityFix[] {
  return (tracked ? fixes.get(name)?.get(release) : undefined) ?? [];
}

/** All packages of a source have the same one; some have a link to another's. */
function fixesOfChangelog({ own, binaries }: Source): readonly SecurityFix[] {
  if (!own) return [];
  for (const { fields, file } of binaries) {
    for (const path of debianChangelogPaths(fields.get("Package") ?? "")) {
      const content = file(path);
      const entries = content === undefined ? [] : readDebianChangelog(content);
      if (entries.length > 0) return changelogFixes(entries);
    }
  }
  return [];
}

function nevra(fields: Stanza): string {
  const [name, version, architecture] = ["Package", "Version", "Architecture"].map((key) => fields.get(key) ?? "");
  return `${name}-${version}.${architecture}`;
}
