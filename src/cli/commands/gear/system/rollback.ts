// SPDX-License-Identifier: Apache-2.0
import type { SystemReport } from "../../../../gear/index.ts";
import { defineCommand } from "../../../command.ts";
import { renderSystemReport, systemExitCode } from "../../../render/gear-system.ts";
import { rootOption } from "../root-option.ts";
import { interruption } from "../shared.ts";
import { openSystemContainers, systemContainerName } from "./shared.ts";

export default defineCommand<SystemReport>({
  path: ["gear", "system", "rollback"],
  summary: "Go back to the generation of a system container before",
  description: "Its checkout, unit, values and files of the host come back as they were. Done again, it goes forward.",
  examples: [{ command: "atomic gear system rollback etcd", text: "Back to what ran before the update:" }],
  arguments: [{ name: "NAME" }],
  options: [rootOption],
  json: true,
  async run(invocation) {
    const { rollbackSystemContainer } = await import("../../../../gear/index.ts");
    const name = await systemContainerName(invocation.args[0]!);
    using surroundings = await openSystemContainers(invocation);
    using interrupt = await interruption(invocation);
    return await rollbackSystemContainer(surroundings, { name, signal: interrupt.signal });
  },
  render: renderSystemReport,
  exitCode: systemExitCode,
});
