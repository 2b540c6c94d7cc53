// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderPower } from "../../render/gear-power.ts";
import { powerVerb } from "./power-verb.ts";
import { overHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";

export default overHosts(
  defineCommand({
    path: ["gear", "start"],
    summary: "Start an application, or instances of it",
    description:
      "Each unit after those that it needs; the command ends when all are up. What was deployed starts with the host anyway.",
    examples: [
      { command: "atomic gear start shop", text: "Start all of it:" },
      { command: "atomic gear start shop web-2", text: "One instance:" },
    ],
    arguments: [{ name: "APPLICATION" }, { name: "INSTANCE", optional: true, repeat: true }],
    options: [rootOption],
    json: true,
    run: (invocation) => powerVerb(invocation, "start"),
    render: renderPower,
    exitCode: ({ problems }) => (problems.length === 0 ? 0 : 1),
  }),
);
