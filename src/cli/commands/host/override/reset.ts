// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { renderLayers } from "../../../render/host-layers.ts";
import { changeHostLayers, layerOptions, unchangedExit } from "../layers.ts";

export default defineCommand({
  path: ["host", "override", "reset"],
  summary: "Have packages of the version again that were replaced or removed",
  examples: [
    { command: "atomic host override reset podman", text: "Have the version's own again:" },
    { command: "atomic host override reset --all", text: "Have all of them again:" },
  ],
  arguments: [{ name: "PACKAGE", repeat: true, optional: true }],
  options: [...layerOptions, { name: "all", short: "a", help: "All of them" }],
  json: true,
  async run(invocation) {
    const all = invocation.flag("all");
    if (all && invocation.args.length > 0) throw cliError("usage", "Cannot specify both --all and PACKAGE");
    if (!all && invocation.args.length === 0) throw cliError("usage", "name packages, or give --all");
    return changeHostLayers(invocation, "override reset", { overrideReset: all ? "all" : invocation.args });
  },
  render: renderLayers,
  exitCode: unchangedExit,
});
