// SPDX-License-Identifier: Apache-2.0
import type { DeploymentStatus } from "../../host/index.ts";
import type { Style } from "../command.ts";
import type { LayersReport } from "../commands/host/layers.ts";
import { shortChecksum } from "./columns.ts";
import { renderDeployed } from "./host-change.ts";
import { nevra } from "./package-diff.ts";

/** What was layered, or would be. */
export function renderLayers({ changed, layered, deployed, dryRun }: LayersReport, style: Style): string {
  if (!changed) return "No change.";
  const { added, removed, replaced, present, inactive } = layered;
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
  const change = style.terminal ? "→" : "->";
  const told = [
    ...list("Added", added.map(nevra)),
    ...list("Removed from the base", removed.map(nevra)),
    ...list(
      "Replaced in the base",
      replaced.map(({ from, to, repository }) => {
        const source = repository === undefined ? "" : ` (repo=${repository})`;
        return `${nevra(from)} ${change} ${to.version}${source}`;
      }),
    ),
    ...list(
      "Requested, and in the base already",
      present.map(({ request, by }) => `${request} (${nevra(by)})`),
    ),
    ...list("To be replaced, and not in the base", inactive),
  ];
  if (dryRun) return [...told, "Nothing was changed: --dry-run."].join("\n");
  if (deployed === undefined) return [...told, "Downloaded. No deployment was made."].join("\n");
  return [...told, renderDeployed(deployed)].join("\n");
}

/** What a deployment has beyond its version, under rpm-ostree's names (rpmostree-builtin-status.cxx). */
export function layerFacts(deployment: DeploymentStatus, style: Style): [string, string | undefined][] {
  const { packages, "requested-packages": requested } = deployment;
  const list = (names: readonly string[]) => (names.length === 0 ? undefined : names.join(" "));
  const arrow = style.terminal ? "→" : "->";
  const change = (one: unknown) => {
    const [to, from] = one as readonly (readonly [nevra: string, ...unknown[]])[];
    return `${from?.[0]} ${arrow} ${to?.[0]}`;
  };
  const replaced = deployment["base-local-replacements"].map(change);
  const remote = Object.entries(deployment["base-remote-replacements"]).flatMap(([source, list]) =>
    (list as readonly unknown[]).map((one) => `${change(one)} (${source})`),
  );
  const removed = deployment["base-removals"].map((one) => (one as readonly string[])[0] ?? "");
  const short = (checksum: string) => (style.terminal && !style.verbose ? shortChecksum(checksum) : checksum);
  const layered = deployment["base-checksum"] !== deployment.checksum;
  return [
    ["BaseCommit", layered ? short(deployment["base-checksum"]) : undefined],
    ["RemovedBasePackages", list(removed)],
    ["ReplacedBasePackages", replaced.length === 0 ? undefined : replaced.join(", ")],
    ["RemoteOverrides", remote.length === 0 ? undefined : remote.join(", ")],
    ["InactiveOverrides", list(inactiveOverrides(deployment))],
    ["LayeredPackages", list(requested.filter((name) => packages.includes(name)))],
    [
      "LocalPackages",
      list([...deployment["requested-local-packages"], ...deployment["requested-local-fileoverride-packages"]]),
    ],
    ["InactiveRequests", list(requested.filter((name) => !packages.includes(name)))],
  ];
}

/** Wished for from a repository, and of no effect here. */
function inactiveOverrides(deployment: DeploymentStatus): string[] {
  const active = Object.values(deployment["base-remote-replacements"])
    .flatMap((list) => list as readonly (readonly [readonly [nevra: string, name: string]])[])
    .map(([[, name]]) => name);
  const requested = (deployment["requested-base-remote-replacements"] ?? []).flatMap(([, names]) => names);
  return requested.filter((name) => !active.includes(name));
}
