// SPDX-License-Identifier: Apache-2.0
import type { UpdatePolicy } from "../model.ts";
import { logFieldEntries, unitFile } from "../unit/unit-file.ts";
import type { Rendered } from "./model.ts";

const atomic = "/usr/bin/atomic";

/** So that not all hosts ask a registry at once, where the file names no time. */
const anyTime = [
  ["OnCalendar", "daily"],
  ["RandomizedDelaySec", "1h"],
] as const;

/**
 * Adds what updates an application by itself where its policy says where newer images come from: a timer, which begins in the
 * policy's window and does not make up for one that was missed, and the service that it starts.
 */
export function withUpdateUnits(rendered: Rendered, { images, window }: UpdatePolicy): Rendered {
  if (images === "none") return rendered;
  const { application, units, start } = rendered;
  const name = `gear-update-${application}`;
  const service = unitFile({
    Unit: [
      ["Description", `Update application ${application}`],
      ["Wants", "network-online.target"],
      ["After", "network-online.target"],
    ],
    Service: [
      ["Type", "oneshot"],
      ["ExecStart", `${atomic} gear update ${application}`],
      ...logFieldEntries({ name: application, tenant: rendered.tenant }, {}),
    ],
  });
  const timer = unitFile({
    Unit: [["Description", `Update application ${application} when its file says`]],
    Timer: window === undefined ? anyTime : [["OnCalendar", window]],
    Install: [["WantedBy", "timers.target"]],
  });
  const both = new Map([...units, [`${name}.service`, service], [`${name}.timer`, timer]]);
  return { ...rendered, units: both, start: [...start, `${name}.timer`] };
}
