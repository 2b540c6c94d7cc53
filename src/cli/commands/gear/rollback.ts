// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { overHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";
import { applicationName, interruption, openSurroundings, who } from "./shared.ts";
import { generationNumber } from "./generation-number.ts";

export default overHosts(
  defineCommand({
    path: ["gear", "rollback"],
    summary: "Go back to an earlier generation of an application",
    description:
      "Units, images and files are those of the generation before, or of GENERATION, as they were. Volumes are not rolled back. It is watched as a deployment is. Done again, it goes further back.",
    examples: [
      { command: "atomic gear rollback shop", text: "Back to the generation before:" },
      { command: "atomic gear rollback shop 7", text: "To any that is kept, older or newer:" },
    ],
    arguments: [{ name: "APPLICATION" }, { name: "GENERATION", optional: true }],
    options: [rootOption],
    json: true,
    async run(invocation): Promise<ChangeReport> {
      const application = await applicationName(invocation);
      const generation = generationNumber(invocation.args[1]);
      const { rollback } = await import("../../../gear/index.ts");
      using surroundings = await openSurroundings(invocation, application);
      using interrupt = await interruption(invocation);
      return await rollback(surroundings, { application, generation, ...who(), signal: interrupt.signal });
    },
    render: renderChange,
    exitCode: changeExitCode,
  }),
);
