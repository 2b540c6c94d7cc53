// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { renderLayers } from "../../../render/host-layers.ts";
import { changeHostLayers, isPackageFile, layerOptions, unchangedExit } from "../layers.ts";

export default defineCommand({
  path: ["host", "override", "replace"],
  summary: "Put package files in place of packages of the version",
  description:
    "Makes a deployment of the present version in which each package file stands in place of the package of its name. It stays so in later versions, until `override reset`.",
  examples: [{ command: "atomic host override replace ./podman-5.0.2-1.rpm", text: "Try a fixed build:" }],
  arguments: [{ name: "FILE", repeat: true }],
  options: [
    ...layerOptions,
    { name: "remove", value: "PACKAGE", repeat: true, help: "Remove this one from the version in the same step" },
    { name: "experimental", hidden: true, help: "For --from" },
    { name: "from", value: "SOURCE", hidden: true, help: "Take it from a repository" },
    { name: "freeze", hidden: true, help: "For --from" },
  ],
  json: true,
  async run(invocation) {
    for (const name of ["from", "freeze"]) {
      if (invocation.flag(name))
        throw cliError("usage", `--${name}: only package files replace packages of the version`, {
          hint: "download the package and name its file",
        });
    }
    const name = invocation.args.find((word) => !isPackageFile(word));
    if (name !== undefined)
      throw cliError("usage", `${name} is no package file`, { hint: "download the package and name its file or URL" });
    return changeHostLayers(invocation, "override replace", {
      overrideFiles: invocation.args,
      overrideRemove: invocation.values("remove"),
    });
  },
  render: renderLayers,
  exitCode: unchangedExit,
});
