// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { formatSize } from "../../../render/columns.ts";
import { rootOption } from "../root-option.ts";
import { openSystemContainers } from "./shared.ts";

export default defineCommand<{ readonly freed: number }>({
  path: ["gear", "system", "prune"],
  summary: "Remove what no system container needs any more",
  description:
    "Refs and layers of images that none is of, objects that nothing leads to, and what a command that was killed left. Each install, update and uninstall does that for itself.",
  examples: [{ command: "atomic gear system prune", text: "After a crash, or to be sure:" }],
  options: [rootOption],
  json: true,
  async run(invocation) {
    const { pruneSystemContainers } = await import("../../../../gear/index.ts");
    using surroundings = await openSystemContainers(invocation);
    return await pruneSystemContainers(surroundings);
  },
  render: ({ freed }) => `${formatSize(freed)} freed.`,
});
