// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { readTextIfExists } from "../base/index.ts";
import { hostError } from "./errors.ts";

/** Values of an os-release(5) file: `KEY=value` lines, the value quoted as in a shell. */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line.trim());
    if (match !== null) values.set(match[1]!, unquote(match[2]!));
  }
  return values;
}

function unquote(value: string): string {
  const quote = value[0];
  if (quote !== '"' && quote !== "'") return value.replace(/\\(.)/g, "$1");
  const inner = value.slice(1, value.endsWith(quote) && value.length > 1 ? -1 : undefined);
  return quote === "'" ? inner : inner.replace(/\\(["$`\\])/g, "$1");
}

/** What the boot menu calls a tree: PRETTY_NAME, else ID (`install_deployment_kernel`). */
export function treeTitle(tree: string): string {
  const text = readTextIfExists(join(tree, "usr/lib/os-release")) ?? readTextIfExists(join(tree, "etc/os-release"));
  const values = parseOsRelease(text ?? "");
  const title = values.get("PRETTY_NAME") ?? values.get("ID");
  if (title !== undefined) return title.replace(/[\n\r\0]/g, " ");
  throw hostError("no-os-release", `${tree}: no PRETTY_NAME or ID in usr/lib/os-release`);
}
