// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderPower } from "../../render/gear-power.ts";
import { powerVerb } from "./power-verb.ts";
import { rootOption } from "./root-option.ts";

export default defineCommand({
  path: ["gear", "stop"],
  summary: "Stop an application, or instances of it",
  description: "Until it is started, or the host is: what is deployed starts with the host.",
  examples: [
    { command: "atomic gear stop shop", text: "Stop all of it:" },
    { command: "atomic gear stop shop web-2", text: "One instance, with those that need it:" },
  ],
  arguments: [{ name: "APPLICATION" }, { name: "INSTANCE", optional: true, repeat: true }],
  options: [rootOption],
  json: true,
  run: (invocation) => powerVerb(invocation, "stop"),
  render: renderPower,
  exitCode: ({ problems }) => (problems.length === 0 ? 0 : 1),
});
