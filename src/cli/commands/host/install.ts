// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderLayers } from "../../render/host-layers.ts";
import { changeHostLayers, layerOptions, unchangedExit } from "./layers.ts";
import { isPackageFile, refuseBoth } from "./shared.ts";

export default defineCommand({
  path: ["host", "install"],
  summary: "Add packages to the host, beside those of its version",
  description:
    "Makes a deployment of the present version with the packages added, which boots next; every later version gets them too. Names are looked for in the repositories of the host's /etc; package files and URLs are taken as they are. The version's own packages stay as they are.",
  examples: [
    { command: "atomic host install htop", text: "A package of the host's repositories:" },
    { command: "atomic host install ./agent-1.2.rpm https://example.com/tool_2.0_amd64.deb", text: "Package files:" },
    { command: "atomic host install --dry-run htop", text: "See what would come with it:" },
  ],
  arguments: [{ name: "PACKAGE", repeat: true }],
  options: [
    ...layerOptions,
    { name: "uninstall", value: "PACKAGE", repeat: true, help: "Take this one back in the same step" },
    { name: "allow-inactive", help: "Request packages that the version has already, for versions that may not" },
    { name: "force-replacefiles", help: "Let files of package files win over those of the version" },
    { name: "apply-live", short: "A", help: "Bring them to the running system as well (see `apply-live`)" },
  ],
  json: true,
  async run(invocation) {
    const applyLive = invocation.flag("apply-live");
    if (applyLive) refuseBoth(invocation, "apply-live", "reboot");
    const files = invocation.args.filter(isPackageFile);
    const change = {
      install: invocation.args.filter((word) => !isPackageFile(word)),
      installFiles: files,
      uninstall: invocation.values("uninstall"),
      forceReplaceFiles: invocation.flag("force-replacefiles"),
      allowInactive: invocation.flag("allow-inactive"),
    };
    return changeHostLayers(invocation, "install", change, { applyLive });
  },
  render: renderLayers,
  exitCode: unchangedExit,
});
