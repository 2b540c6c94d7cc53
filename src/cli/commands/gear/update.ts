// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, UpdateCheck, UpdatePolicy } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { changeExitCode, renderChange, renderUpdateCheck } from "../../render/gear-change.ts";
import { rootOption } from "./root-option.ts";
import { applicationName, interruption, openSurroundings, unchangedOption, who } from "./shared.ts";

export default defineCommand({
  path: ["gear", "update"],
  summary: "Deploy newer images of an application",
  description:
    "Looks for newer images of the references in its file, where `update.images` of that says or --images, and deploys all of them as one generation. Nothing else changes. It is watched, and taken back, as a deployment is.",
  examples: [
    { command: "atomic gear update shop", text: "As its file says:" },
    { command: "atomic gear update shop --check", text: "Is there anything newer?" },
    { command: "atomic gear update shop --images=registry", text: "From the registries, whatever it says:" },
  ],
  arguments: [{ name: "APPLICATION" }],
  options: [
    { name: "check", help: "Only say what is newer, without a pull; exit with 77 when nothing is" },
    { name: "images", value: "WHERE", help: "registry, or local (the engine's storage, as after a build)" },
    unchangedOption,
    rootOption,
  ],
  json: true,
  async run(invocation): Promise<ChangeReport | UpdateCheck> {
    const application = await applicationName(invocation);
    const images = imageSource(invocation);
    const { checkUpdates, updateApplication } = await import("../../../gear/index.ts");
    using surroundings = await openSurroundings(invocation, application);
    using interrupt = await interruption(invocation);
    if (invocation.flag("check"))
      return await checkUpdates(surroundings, { application, images, signal: interrupt.signal });
    return await updateApplication(surroundings, { application, images, ...who(), signal: interrupt.signal });
  },
  render: (report, style) => ("outcome" in report ? renderChange(report, style) : renderUpdateCheck(report)),
  exitCode(report, invocation) {
    if ("outcome" in report) return changeExitCode(report, invocation);
    return report.images.some(({ isNew }) => isNew) ? 0 : 77;
  },
});

function imageSource(invocation: Invocation): UpdatePolicy["images"] | undefined {
  const images = invocation.value("images");
  if (images === undefined || images === "registry" || images === "local") return images;
  throw cliError("usage", `--images: ${JSON.stringify(images)} is not registry or local`);
}
