// SPDX-License-Identifier: Apache-2.0
import type { Style } from "../command.ts";
import type { LayersReport } from "../commands/host/layers.ts";
import { renderDeployed } from "./host-change.ts";
import { nevra } from "./package-diff.ts";

/** What was layered, or would be. */
export function renderLayers({ changed, layered, deployed, dryRun }: LayersReport, style: Style): string {
  if (!changed) return "No change.";
  const { added, removed, replaced, present } = layered;
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
  const change = style.terminal ? "→" : "->";
  const told = [
    ...list("Added", added.map(nevra)),
    ...list("Removed from the base", removed.map(nevra)),
    ...list(
      "Replaced in the base",
      replaced.map(({ from, to }) => `${nevra(from)} ${change} ${to.version}`),
    ),
    ...list(
      "Requested, and in the base already",
      present.map(({ request, by }) => `${request} (${nevra(by)})`),
    ),
  ];
  if (dryRun) return [...told, "Nothing was changed: --dry-run."].join("\n");
  if (deployed === undefined) return [...told, "Downloaded. No deployment was made."].join("\n");
  return [...told, renderDeployed(deployed)].join("\n");
}
