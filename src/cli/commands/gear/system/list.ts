// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { renderSystemList } from "../../../render/gear-system.ts";
import { rootOption } from "../root-option.ts";
import { openSystemContainers } from "./shared.ts";

export default defineCommand({
  path: ["gear", "system", "list"],
  summary: "List system containers",
  examples: [{ command: "atomic gear system list", text: "Which services of this host are images?" }],
  options: [rootOption],
  json: true,
  async run(invocation) {
    const { listSystemContainers } = await import("../../../../gear/index.ts");
    using surroundings = await openSystemContainers(invocation);
    return await listSystemContainers(surroundings);
  },
  render: (containers) => renderSystemList(containers),
});
