// SPDX-License-Identifier: Apache-2.0
import type { PackageChange, PackageDiff, PackageId } from "../../packages/index.ts";
import type { Style } from "../command.ts";
import { cutRows } from "./columns.ts";

/** `7 upgraded, 1 removed, 2 added`; "" for no changes. */
export function diffSummary(diff: PackageDiff): string {
  const counts: [number, string][] = [
    [diff.upgraded.length, "upgraded"],
    [diff.downgraded.length, "downgraded"],
    [diff.removed.length, "removed"],
    [diff.added.length, "added"],
  ];
  return counts.flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`])).join(", ");
}

/** NAME-VERSION.ARCHITECTURE */
export function nevra({ name, version, architecture }: PackageId): string {
  return `${name}-${version}.${architecture}`;
}

/** A line for each package, `!` old and `=` new of a changed one, `-` removed, `+` added (rpmostree_diff_print). */
export function packageDiffLines({ upgraded, downgraded, added, removed }: PackageDiff): string[] {
  const both = (one: PackageChange) => [
    `!${nevra({ ...one, version: one.from })}`,
    `=${nevra({ ...one, version: one.to })}`,
  ];
  const groups = [
    ...[...upgraded, ...downgraded].map((one) => ({ name: one.name, lines: both(one) })),
    ...removed.map((one) => ({ name: one.name, lines: [`-${nevra(one)}`] })),
    ...added.map((one) => ({ name: one.name, lines: [`+${nevra(one)}`] })),
  ];
  return groups.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)).flatMap(({ lines }) => lines);
}

/** The packages by kind of change, one a line. */
export function renderPackageDiff(diff: PackageDiff, style: Style): string[] {
  const single = (one: PackageId) => [one.name, one.version] as const;
  return [
    ...section("Upgraded", diff.upgraded.map(changed), style),
    ...section("Downgraded", diff.downgraded.map(changed), style),
    ...section("Removed", diff.removed.map(single), style),
    ...section("Added", diff.added.map(single), style),
  ];
}

/** Newer versions of packages that are layered. */
export function renderLayeredUpdates(changes: readonly PackageChange[], style: Style): string[] {
  return section("Upgraded beside the base", changes.map(changed), style);
}

function changed({ name, from, to }: PackageChange): readonly [string, string] {
  return [name, `${from} → ${to}`];
}

function section(title: string, rows: readonly (readonly [string, string])[], style: Style): string[] {
  if (rows.length === 0) return [];
  const { visible, more } = cutRows(rows, style);
  const width = Math.max(...visible.map(([name]) => name.length));
  const lines = [...visible.map(([name, text]) => `${name.padEnd(width)}  ${text}`), ...more];
  return [`  ${title} (${rows.length})`, ...lines.map((line) => `    ${line}`)];
}
