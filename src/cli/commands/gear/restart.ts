// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderPower } from "../../render/gear-power.ts";
import { powerVerb } from "./power-verb.ts";
import { overHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";

export default overHosts(
  defineCommand({
    path: ["gear", "restart"],
    summary: "Restart an application, or instances of it",
    description: "Containers are made anew of the same images.",
    examples: [
      { command: "atomic gear restart shop", text: "Restart all of it:" },
      { command: "atomic gear restart shop web-2", text: "One instance, with those that need it:" },
    ],
    arguments: [{ name: "APPLICATION" }, { name: "INSTANCE", optional: true, repeat: true }],
    options: [rootOption],
    json: true,
    run: (invocation) => powerVerb(invocation, "restart"),
    render: renderPower,
    exitCode: ({ problems }) => (problems.length === 0 ? 0 : 1),
  }),
);
