// SPDX-License-Identifier: Apache-2.0
import type { CommitDifference, FileDifference, Release } from "../../compose/index.ts";
import type { Style } from "../command.ts";
import { formatSize, keyLines, shortChecksum } from "./columns.ts";
import { renderPackageDiff } from "./package-diff.ts";

/** Directories and files shown, the ones that changed most. */
const shown = 10;

/** @param all whether to list every file */
export function renderCommitDifference(difference: CommitDifference, all: boolean, style: Style): string {
  const { from, to, packages, files, growth } = difference;
  const kinds = Map.groupBy(files, ({ kind }) => kind);
  const count = (kind: FileDifference["kind"]) => `${kinds.get(kind)?.length ?? 0} ${kind}`;
  return [
    ...keyLines([
      ["From", releaseName(from)],
      ["To", releaseName(to)],
      ["Files", `${count("changed")}, ${count("added")}, ${count("removed")}`],
      ["Size", signed(growth)],
    ]),
    ...(packages ? renderPackageDiff(packages, style) : ["  Packages: not known of both commits"]),
    ...(all ? files.map(fileLine) : largest(files)),
  ].join("\n");
}

function releaseName({ commit, version }: Release): string {
  return version === undefined ? shortChecksum(commit) : `${version} (${shortChecksum(commit)})`;
}

function signed(bytes: number): string {
  return bytes < 0 ? `-${formatSize(-bytes)}` : `+${formatSize(bytes)}`;
}

function growth({ from = 0, to = 0 }: FileDifference): number {
  return to - from;
}

function fileLine(file: FileDifference): string {
  const letter = { added: "A", removed: "D", changed: "M" }[file.kind];
  return `  ${letter} ${signed(growth(file)).padStart(10)}  ${file.path}`;
}

/** What grew and shrank most, by the first three directories of the path. */
function largest(files: readonly FileDifference[]): string[] {
  const groups = Map.groupBy(files, ({ path }) => path.split("/").slice(0, 4).join("/"));
  const sums = [...groups].map(([path, found]) => {
    return { path, bytes: found.reduce((sum, file) => sum + growth(file), 0), count: found.length };
  });
  const ordered = sums.toSorted((a, b) => Math.abs(b.bytes) - Math.abs(a.bytes) || b.count - a.count);
  const lines = ordered.slice(0, shown).map(({ path, bytes, count }) => {
    return `    ${signed(bytes).padStart(10)}  ${path}${count > 1 ? ` (${count} files)` : ""}`;
  });
  const rest = ordered.length - lines.length;
  return lines.length === 0
    ? []
    : ["  Largest changes", ...lines, ...(rest > 0 ? [`    … ${rest} more (--files)`] : [])];
}
