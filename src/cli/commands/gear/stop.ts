// SPDX-License-Identifier: Apache-2.0
import type { PowerReport } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { renderLabelOutcome } from "../../render/gear-label.ts";
import { renderPower } from "../../render/gear-power.ts";
import { labelExitCode, type LabelOutcome } from "./label/conduct.ts";
import { engineDeclaration, labelOptions, refuseLabelOptions } from "./label/options.ts";
import { stopByLabel } from "./label/stop-by-label.ts";
import { overHosts } from "./over-hosts.ts";
import { powerVerb } from "./power-verb.ts";
import { rootOption } from "./root-option.ts";

export default overHosts(
  defineCommand<PowerReport | LabelOutcome>({
    path: ["gear", "stop"],
    summary: "Stop an application, or instances of it",
    description:
      "Until it is started, or the host is: what is deployed starts with the host. A container that is of no application, such as one of `gear run`, is stopped as the label STOP of its image says, by the rules of `gear run`.",
    examples: [
      { command: "atomic gear stop shop", text: "Stop all of it:" },
      { command: "atomic gear stop shop web-2", text: "One instance, with those that need it:" },
    ],
    arguments: [{ name: "APPLICATION" }, { name: "INSTANCE", optional: true, repeat: true }],
    options: [...labelOptions, engineDeclaration, rootOption],
    json: true,
    async run(invocation) {
      const stopped = await stopByLabel(invocation);
      if (stopped !== undefined) return stopped;
      refuseLabelOptions(invocation, `${invocation.args[0]} is no container of an image`);
      return powerVerb(invocation, "stop");
    },
    render: (report, style) => ("label" in report ? renderLabelOutcome(report, style) : renderPower(report, style)),
    exitCode: (report) => ("label" in report ? labelExitCode(report) : report.problems.length === 0 ? 0 : 1),
  }),
);
