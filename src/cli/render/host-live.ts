// SPDX-License-Identifier: Apache-2.0
import type { LiveResult } from "../../host/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { renderPackageDiff } from "./package-diff.ts";

/** What `apply-live` did, ending with rpm-ostree's sentences (`applylive_finish`). */
export function renderLive(result: LiveResult, style: Style): string {
  const { files, etc, services, pendingKernel, packages } = result;
  const restart = services.length > 0 ? "; Following services may need to be restarted:" : ".";
  return [
    ...(packages === undefined ? [] : renderPackageDiff(packages, style)),
    `  /usr: ${files.added} files added, ${files.changed} changed, ${files.removed} removed; /etc: ${etc.updated} updated`,
    ...etc.kept.map((path) => `    /etc/${path} is changed in the version, too; yours stays`),
    ...(pendingKernel === undefined
      ? []
      : [`  The kernel ${pendingKernel} comes with a reboot; the one that runs stays.`]),
    ...result.problems.map((problem) => paint(style, "red", `  ${problem}`)),
    `Successfully updated running filesystem tree${restart}`,
    ...services.map((name) => `  ${name}`),
  ].join("\n");
}
