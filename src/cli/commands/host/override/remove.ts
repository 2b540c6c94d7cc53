// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { renderLayers } from "../../../render/host-layers.ts";
import { changeHostLayers, layerOptions, unchangedExit } from "../layers.ts";

export default defineCommand({
  path: ["host", "override", "remove"],
  summary: "Remove packages of the version",
  description:
    "Makes a deployment of the present version without them, which boots next. It stays so in later versions, until `override reset`. Their scripts for removal are not run.",
  examples: [{ command: "atomic host override remove nano", text: "Remove one:" }],
  arguments: [{ name: "PACKAGE", repeat: true }],
  options: [
    ...layerOptions,
    {
      name: "replace",
      value: "FILE",
      repeat: true,
      help: "Put this package file in place of another one in the same step",
    },
  ],
  json: true,
  run: (invocation) =>
    changeHostLayers(invocation, "override remove", {
      overrideRemove: invocation.args,
      overrideFiles: invocation.values("replace"),
    }),
  render: renderLayers,
  exitCode: unchangedExit,
});
