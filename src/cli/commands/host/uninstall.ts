// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderLayers } from "../../render/host-layers.ts";
import { changeHostLayers, layerOptions, unchangedExit } from "./layers.ts";
import { isPackageFile } from "./shared.ts";

export default defineCommand({
  path: ["host", "uninstall"],
  summary: "Take back packages that were added to the host",
  description:
    "Makes a deployment of the present version without them, which boots next. What came only because of them goes, too. Packages of the version itself are removed with `override remove`.",
  examples: [
    { command: "atomic host uninstall htop", text: "Take one back:" },
    { command: "atomic host uninstall --all", text: "Take back all that was added:" },
  ],
  arguments: [{ name: "PACKAGE", repeat: true, optional: true }],
  options: [
    ...layerOptions,
    { name: "all", help: "All packages that were added" },
    { name: "install", value: "PACKAGE", repeat: true, help: "Add this one in the same step" },
    { name: "allow-inactive", help: "Request packages that the version has already, for versions that may not" },
  ],
  json: true,
  run: (invocation) =>
    changeHostLayers(invocation, "uninstall", {
      uninstall: invocation.args,
      uninstallAll: invocation.flag("all"),
      install: invocation.values("install").filter((word) => !isPackageFile(word)),
      installFiles: invocation.values("install").filter(isPackageFile),
      allowInactive: invocation.flag("allow-inactive"),
    }),
  render: renderLayers,
  exitCode: unchangedExit,
});
