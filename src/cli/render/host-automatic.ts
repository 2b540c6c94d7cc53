// SPDX-License-Identifier: Apache-2.0
import type { HostRefusal } from "../../gear/index.ts";
import type { AutomaticReboot, AutomaticResult } from "../../host/index.ts";
import { refusalLines, versionName } from "./host-change.ts";

export interface AutomaticReport extends AutomaticResult {
  /** Applications that ask for another version than the one that boots next. */
  readonly refusedBy: readonly HostRefusal[];
}

/** What the timer's journal shows. */
export function renderAutomatic({ policy, update, held, reboot, refusedBy }: AutomaticReport): string {
  if (policy === "none") return "Automatic updates are off (Policy=none in /etc/atomic/updates.conf).";
  if (held !== undefined) return [`No update: ${held}`, ...rebootLines(reboot)].join("\n");
  const lines = update?.changed === true ? [`${verbs[policy]}: ${versionName(update.to)}`] : ["There is no update."];
  const refused = refusedBy.flatMap((refusal) => refusalLines(refusal, update?.to.version));
  return [...lines, ...refused, ...rebootLines(reboot)].join("\n");
}

const verbs = { check: "Available", download: "Downloaded", stage: "Boots next", apply: "Boots next" } as const;

function rebootLines(reboot: AutomaticReboot): string[] {
  if (reboot.state !== "later") return reboot.state === "done" ? ["Rebooting."] : [];
  const { at, refused } = reboot;
  const why = refused === undefined ? "no maintenance window is open" : `${refused.program}: ${refused.reason}`;
  return [`Not rebooting now: ${why}`, `Next chance: ${new Date(at).toISOString()}`];
}
