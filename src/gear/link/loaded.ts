// SPDX-License-Identifier: Apache-2.0
import { baseError } from "../../base/index.ts";
import { endpointText, sourceText } from "./endpoint.ts";
import type { ResolvedLink } from "./model.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { parseListing, tableName } from "./nft-script.ts";

/** The links that a namespace has now; `undefined` where nobody has applied any. */
export async function loadedLinks(namespace: NetworkNamespace): Promise<ResolvedLink[] | undefined> {
  const args = ["-j", "list", "table", "inet", tableName];
  const { code, stdout, stderr } = await namespace.run("nft", args, { accept: [0, 1] });
  if (code === 0) return parseListing(stdout);
  // ENOENT: there is no such table.
  if (/No such file or directory/.test(stderr)) return undefined;
  throw baseError("process-failed", `nft exited with ${code}\n  ${stderr.trim()}`);
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
