// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { overHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";
import { applicationName, openSurroundings, who } from "./shared.ts";

export default overHosts(
  defineCommand({
    path: ["gear", "delete"],
    summary: "Stop an application and remove it",
    description:
      "Its containers, units and generations are removed, and the images that were pulled for it alone. Volumes stay.",
    examples: [{ command: "atomic gear delete shop", text: "Remove an application:" }],
    arguments: [{ name: "APPLICATION" }],
    options: [rootOption],
    json: true,
    async run(invocation): Promise<ChangeReport> {
      const application = await applicationName(invocation);
      const { deleteApplication } = await import("../../../gear/index.ts");
      using surroundings = await openSurroundings(invocation, application);
      return await deleteApplication(surroundings, { application, ...who() });
    },
    render: renderChange,
    exitCode: changeExitCode,
  }),
);
