// SPDX-License-Identifier: Apache-2.0
import type { SystemReport, SystemStatus } from "../../gear/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { problemLines, short } from "./gear-change.ts";

export function renderSystemList(containers: readonly SystemStatus[]): string {
  if (containers.length === 0) return "No system containers.  atomic gear install --system IMAGE  makes one.";
  const rows = containers.map(({ name, current, others, state, change }) => [
    name,
    String(current.number),
    change === undefined ? (current.unit === undefined ? "files" : state) : "interrupted",
    short(current.digest),
    current.image,
    others.length === 0 ? "" : `(before: ${others.map(({ number }) => number).join(", ")})`,
  ]);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((word, column) => word.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What an installation, update, rollback or removal came to. */
export function renderSystemReport(report: SystemReport, style: Style): string {
  const { name, kind, outcome, from, to } = report;
  if (outcome === "unchanged") return `${name}: generation ${to?.number} is of the newest image already.`;
  if (outcome === "taken-back") {
    const back = from === undefined ? "Nothing of it is there." : `Generation ${from.number} is in place again.`;
    const head = `${name}: generation ${to?.number} did not come through, and was taken back. ${back}`;
    return [paint(style, "red", head), ...problemLines(report.problems)].join("\n");
  }
  const left = report.left.map((path) => `  left, because it was changed: ${path}`);
  if (to === undefined) return [`${name} is uninstalled. What it has written itself is kept.`, ...left].join("\n");
  const undo = from === undefined ? `atomic gear uninstall ${name}` : `atomic gear system rollback ${name}`;
  const runs = to.unit === undefined ? "is in place" : "runs";
  return [
    `${name}: generation ${to.number} ${runs}.${from === undefined ? "" : `   was: ${from.number}`}`,
    `  image ${to.image}  ${from === undefined ? "" : `${short(from.digest)} → `}${short(to.digest)}${layersText(report)}`,
    ...to.hostFiles.map(({ path }) => `  brought: ${path}`),
    ...left,
    kind === "rollback" ? `  Forward again:  ${undo}` : `  Undo:  ${undo}`,
  ].join("\n");
}

function layersText({ layers }: SystemReport): string {
  return layers === undefined ? "" : `  (${layers.total - layers.fetched} of ${layers.total} layers were here)`;
}

export const systemExitCode = ({ outcome }: SystemReport): number => (outcome === "taken-back" ? 1 : 0);
