// SPDX-License-Identifier: Apache-2.0
import { endpointText, sourceText } from "./endpoint.ts";
import type { ResolvedLink } from "./model.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { parseListing, tableName } from "./nft-script.ts";

/** The links that a namespace has now; none where nobody has applied any. */
export async function loadedLinks(namespace: NetworkNamespace): Promise<ResolvedLink[]> {
  const tables = await namespace.run("nft", ["-j", "list", "tables", "inet"]);
  if (!tables.stdout.includes(`"${tableName}"`)) return [];
  const { stdout } = await namespace.run("nft", ["-j", "list", "table", "inet", tableName]);
  return parseListing(stdout);
}

/** How what is loaded differs from what should be. */
export interface LinkDifference {
  readonly missing: readonly ResolvedLink[];
  /** Loaded, but of no link, or of one that leads elsewhere by now. */
  readonly extra: readonly ResolvedLink[];
}

export function diffLinks(wanted: readonly ResolvedLink[], loaded: readonly ResolvedLink[]): LinkDifference {
  const without = (links: readonly ResolvedLink[], others: readonly ResolvedLink[]) => {
    const texts = new Set(others.map(linkText));
    return links.filter((link) => !texts.has(linkText(link)));
  };
  return { missing: without(wanted, loaded), extra: without(loaded, wanted) };
}

function linkText({ from, to }: ResolvedLink): string {
  return `${sourceText(from)}=${endpointText(to)}`;
}
