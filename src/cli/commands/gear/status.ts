// SPDX-License-Identifier: Apache-2.0
import type { ApplicationStatus } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { renderStatus } from "../../render/gear-status.ts";
import { readStatus } from "./read-status.ts";
import { overHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";

export default overHosts(
  defineCommand({
    path: ["gear", "status"],
    summary: "Show how applications are",
    description:
      "Of APPLICATION, or of all: the generation that runs, its containers with state and health, and what is not as it should be. Exits with 1 when something is not.",
    examples: [{ command: "atomic gear status shop", text: "Is it well?" }],
    arguments: [{ name: "APPLICATION", optional: true, repeat: true }],
    options: [rootOption],
    json: true,
    run: readStatus,
    render: (statuses, style) => renderStatus(statuses, style, Date.now()),
    exitCode: (statuses) => (statuses.every(isWell) ? 0 : 1),
  }),
);

function isWell({ change, edited, instances, state }: ApplicationStatus): boolean {
  const isUp = instances.every(({ state: unit, health }) => unit !== "failed" && health !== "unhealthy");
  return change === undefined && edited.length === 0 && state !== "failed" && isUp;
}
