// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderHistory } from "../../render/gear-history.ts";
import { overHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";
import { applicationName } from "./shared.ts";

export default overHosts(
  defineCommand({
    path: ["gear", "history"],
    summary: "Show what of an application ran when, why it changed and who asked",
    description: "The newest first, with the generations that are kept to go back to. The journal has more.",
    examples: [{ command: "atomic gear history shop", text: "What happened to it?" }],
    arguments: [{ name: "APPLICATION" }],
    options: [rootOption],
    json: true,
    async run(invocation) {
      const application = await applicationName(invocation);
      const { applicationHistory, GenerationStore } = await import("../../../gear/index.ts");
      return applicationHistory(new GenerationStore(invocation.value("root")), application);
    },
    render: renderHistory,
  }),
);
