// SPDX-License-Identifier: Apache-2.0
import type { InstanceLinks, ResolvedLink } from "../../gear/index.ts";
import type { LinkChangeReport } from "../commands/gear/link/shared.ts";

export function renderLinkChange({ instance, applied }: LinkChangeReport): string {
  if (applied === undefined) return `${instance} does not run here; it gets these links when it starts.`;
  const { links, missing, extra, waiting } = applied;
  const lines = [
    ...extra.map((link) => `- ${linkText(link)}`),
    ...missing.map((link) => `+ ${linkText(link)}`),
    ...waiting.map(({ from, to }) => `${fromText(from)} waits for ${to.host.slice(1)} to run.`),
  ];
  return lines.length > 0 ? lines.join("\n") : `Nothing changed: ${instance} has its ${links.length} links.`;
}

export function renderLinks(all: readonly InstanceLinks[]): string {
  return all.length === 0 ? "No container runs with links." : all.map(renderInstance).join("\n");
}

function renderInstance({ instance, links, missing, extra }: InstanceLinks): string {
  const lines = links.map(({ from, to, address }) => {
    const named = address === to.host ? "" : `  (${to.host})`;
    const end = address === undefined ? "waits" : endText({ address, port: to.port });
    return `  ${fromText(from)} -> ${end}${named}`;
  });
  const faults = [
    ...missing.map((link) => `  missing: ${linkText(link)}`),
    ...extra.map((link) => `  not ours: ${linkText(link)}`),
  ];
  return [instance, ...lines, ...faults].join("\n");
}

function linkText({ from, to }: ResolvedLink): string {
  return `${fromText(from)} -> ${endText(to)}`;
}

function fromText(from: ResolvedLink["from"]): string {
  return `${endText(from)}${from.protocol === "tcp" ? "" : `/${from.protocol}`}`;
}

function endText({ address, port }: ResolvedLink["to"]): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
