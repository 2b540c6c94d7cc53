// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, SystemReport } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { renderLabelOutcome } from "../../render/gear-label.ts";
import { renderSystemReport, systemExitCode } from "../../render/gear-system.ts";
import { installByLabel } from "./install/by-label.ts";
import { installServices, serviceOptions } from "./install/services.ts";
import { installSystem, systemOptions } from "./install/system.ts";
import { type LabelOutcome, labelExitCode } from "./label/conduct.ts";
import { engineDeclaration, labelOptions, nameDeclaration, pullDeclaration } from "./label/options.ts";
import { rootOption } from "./root-option.ts";

type Installed = LabelOutcome | SystemReport | { readonly services: readonly ChangeReport[] };

export default defineCommand<Installed>({
  path: ["gear", "install"],
  summary: "Install an image: as its label says, as services with names, or as a system container",
  description:
    "With IMAGE alone, what its label INSTALL says is run: one command of the container engine, of which no shell has a part, and whose privileges must be allowed at the terminal or by --allow or --yes. With names behind the image, each becomes an application of that name with one container, as with geard; KEY=VALUE are variables of all of them. With --system, it becomes a service of the host that needs no engine: its layers go into the OSTree repository, and systemd runs a read-only checkout of them. `atomic gear uninstall` takes back each.",
  examples: [
    { command: "atomic gear install registry.example.org/tools --display", text: "See what the label would do:" },
    { command: "atomic gear install registry.example.org/tools --allow=host-root", text: "Do it:" },
    {
      command: "atomic gear install docker.io/library/redis:7 cache-1 cache-2 -p 6379:0 -v /data",
      text: "Two services, each with a volume and a port of the host of its own:",
    },
    {
      command: "atomic gear install --system registry.example.org/etcd --set PORT=4001",
      text: "A system container:",
    },
  ],
  arguments: [
    { name: "IMAGE" },
    { name: "NAME", optional: true, repeat: true },
    { name: "KEY=VALUE", optional: true, repeat: true },
  ],
  options: [
    ...labelOptions,
    nameDeclaration,
    ...serviceOptions,
    ...systemOptions,
    pullDeclaration,
    engineDeclaration,
    rootOption,
  ],
  async run(invocation) {
    const [, ...words] = invocation.args;
    const ofSystem = systemOptions.map(({ name }) => name).find((name) => invocation.flag(name));
    const given = serviceOptions.map(({ name }) => name).find((name) => invocation.flag(name));
    if (invocation.flag("system")) {
      if (given !== undefined) throw cliError("usage", `--${given} is not for system containers`);
      return installSystem(invocation);
    }
    if (ofSystem !== undefined) throw cliError("usage", `--${ofSystem} is of system containers; --system is missing`);
    if (words.length > 0) return { services: await installServices(invocation) };
    if (given !== undefined)
      throw cliError("usage", `--${given} is of services, which have names`, {
        hint: "atomic gear install IMAGE NAME...",
      });
    return installByLabel(invocation);
  },
  render(installed, style) {
    if ("label" in installed) return renderLabelOutcome(installed, style);
    if ("outcome" in installed) return renderSystemReport(installed, style);
    return installed.services.map((report) => renderChange(report, style)).join("\n");
  },
  exitCode(installed, invocation) {
    if ("label" in installed) return labelExitCode(installed);
    if ("outcome" in installed) return systemExitCode(installed);
    return Math.max(...installed.services.map((report) => changeExitCode(report, invocation)));
  },
});
