// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, UpdatePolicy } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { rootOption } from "./root-option.ts";
import { applicationName, interruption, openSurroundings, unchangedOption, who } from "./shared.ts";

export default defineCommand({
  path: ["gear", "update"],
  summary: "Deploy newer images of an application",
  description:
    "Looks for newer images of the references in its file, where `update.images` of that says or --images, and deploys all of them as one generation. Nothing else changes. It is watched, and taken back, as a deployment is.",
  examples: [
    { command: "atomic gear update shop", text: "As its file says:" },
    { command: "atomic gear update shop --images=registry", text: "From the registries, whatever it says:" },
  ],
  arguments: [{ name: "APPLICATION" }],
  options: [
    { name: "images", value: "WHERE", help: "registry, or local (the engine's storage, as after a build)" },
    unchangedOption,
    rootOption,
  ],
  json: true,
  async run(invocation): Promise<ChangeReport> {
    const application = await applicationName(invocation);
    const images = imageSource(invocation);
    const { updateApplication } = await import("../../../gear/index.ts");
    using surroundings = await openSurroundings(invocation, application);
    using interrupt = await interruption(invocation);
    return await updateApplication(surroundings, { application, images, ...who(), signal: interrupt.signal });
  },
  render: renderChange,
  exitCode: changeExitCode,
});

function imageSource(invocation: Invocation): UpdatePolicy["images"] | undefined {
  const images = invocation.value("images");
  if (images === undefined || images === "registry" || images === "local") return images;
  throw cliError("usage", `--images: ${JSON.stringify(images)} is not registry or local`);
}
