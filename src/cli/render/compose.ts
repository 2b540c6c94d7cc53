// SPDX-License-Identifier: Apache-2.0
import type { ComposeResult } from "../../compose/index.ts";
import { keyLines } from "./columns.ts";

export function renderComposed(result: ComposeResult): string {
  const { ref = "", commit, version, changed, packages } = result;
  if (commit === undefined && !changed) return "No changes";
  if (commit === undefined) return packages.map((one) => `${one.name} ${one.version} ${one.architecture}`).join("\n");
  const lines = keyLines([
    ["Ref", ref],
    ["Commit", commit],
    ...(version === undefined ? [] : [["Version", version] as const]),
    ["Packages", String(packages.length)],
  ]);
  return changed ? lines.join("\n") : ["No changes", ...lines].join("\n");
}
