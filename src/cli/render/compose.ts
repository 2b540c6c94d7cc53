// SPDX-License-Identifier: Apache-2.0
import type { ComposeResult, InstallResult } from "../../compose/index.ts";
import { keyLines } from "./columns.ts";

/** What `compose install` and `compose rootfs` have done. */
export function renderInstalled({ rootfs, version, changed, packages }: InstallResult): string {
  if (rootfs !== undefined)
    return [`rootfs: ${rootfs}`, ...(version === undefined ? [] : [`version: ${version}`])].join("\n");
  return changed ? packageLines(packages) : "No changes";
}

function packageLines(packages: ComposeResult["packages"]): string {
  return packages.map((one) => `${one.name} ${one.version} ${one.architecture}`).join("\n");
}

export function renderComposed(result: Omit<ComposeResult, "inputHash">): string {
  const { ref = "", commit, version, changed, packages } = result;
  if (commit === undefined && !changed) return "No changes";
  if (commit === undefined) return packageLines(packages);
  const lines = keyLines([
    ["Ref", ref],
    ["Commit", commit],
    ...(version === undefined ? [] : [["Version", version] as const]),
    ["Packages", String(packages.length)],
  ]);
  return changed ? lines.join("\n") : ["No changes", ...lines].join("\n");
}
