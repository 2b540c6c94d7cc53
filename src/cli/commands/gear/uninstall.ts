// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, Name, SystemReport } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { renderLabelOutcome } from "../../render/gear-label.ts";
import { renderSystemReport, systemExitCode } from "../../render/gear-system.ts";
import { conductLabel, labelExitCode, type LabelOutcome } from "./label/conduct.ts";
import { openImage } from "./label/open-image.ts";
import {
  engineDeclaration,
  labelOptions,
  nameDeclaration,
  pullDeclaration,
  refuseLabelOptions,
} from "./label/options.ts";
import { rootOption } from "./root-option.ts";
import { openSurroundings, who } from "./shared.ts";
import { openSystemContainers } from "./system/shared.ts";

/** An image without a label UNINSTALL is only no longer known as installed. */
type Uninstalled = LabelOutcome | ChangeReport | SystemReport | { readonly forgotten: string };

export default defineCommand<Uninstalled>({
  path: ["gear", "uninstall"],
  summary: "Take back what `install` did",
  description:
    "Of a service, which is deleted with its units and generations (volumes stay); of a system container, with its checkouts, unit and the files that it brought; or of an image, whose label UNINSTALL is run as `install` runs INSTALL.",
  examples: [
    { command: "atomic gear uninstall cache-1", text: "A service:" },
    { command: "atomic gear uninstall registry.example.org/tools --display", text: "See what the label would do:" },
  ],
  arguments: [{ name: "IMAGE|NAME" }],
  options: [...labelOptions, nameDeclaration, pullDeclaration, engineDeclaration, rootOption],
  async run(invocation) {
    const removed = await uninstallSystem(invocation);
    if (removed !== undefined) return removed;
    const service = await serviceNamed(invocation);
    return service === undefined ? uninstallByLabel(invocation) : deleteService(invocation, service);
  },
  render(done, style) {
    if ("forgotten" in done) return `${done.forgotten} has no label UNINSTALL. What it installed is still there.`;
    if ("name" in done) return renderSystemReport(done, style);
    return "label" in done ? renderLabelOutcome(done, style) : renderChange(done, style);
  },
  exitCode(done, invocation) {
    if ("forgotten" in done) return 0;
    if ("name" in done) return systemExitCode(done);
    return "label" in done ? labelExitCode(done) : changeExitCode(done, invocation);
  },
});

async function uninstallSystem(invocation: Invocation): Promise<SystemReport | undefined> {
  const { SystemStore, uninstallSystemContainer } = await import("../../../gear/index.ts");
  const name = new SystemStore(invocation.value("root")).names().find((one) => one === invocation.args[0]);
  if (name === undefined) return undefined;
  refuseLabelOptions(invocation, `${name} is a system container`);
  using surroundings = await openSystemContainers(invocation);
  return await uninstallSystemContainer(surroundings, name);
}

/** The application that is so called; a name of an image can look the same. */
async function serviceNamed(invocation: Invocation): Promise<Name | undefined> {
  const { GenerationStore } = await import("../../../gear/index.ts");
  return new GenerationStore(invocation.value("root")).applications().find((name) => name === invocation.args[0]);
}

async function deleteService(invocation: Invocation, application: Name): Promise<ChangeReport> {
  const { deleteApplication } = await import("../../../gear/index.ts");
  refuseLabelOptions(invocation, `${application} is a service`);
  using surroundings = await openSurroundings(invocation, application);
  return await deleteApplication(surroundings, { application, ...who() });
}

/** By the image's name, or the one that its container was given. */
async function uninstallByLabel(invocation: Invocation): Promise<Uninstalled> {
  const { gearError, InstalledImages, labelCommand } = await import("../../../gear/index.ts");
  const images = new InstalledImages(invocation.value("root"));
  const word = invocation.args[0]!;
  const named = images.all().find(({ name }) => name === word);
  const { image, subject } = await openImage(invocation, named?.image ?? word);
  const installed = named ?? images.find(subject.image);
  const name = invocation.flag("name") ? subject.name : (installed?.name ?? subject.name);
  const label = labelCommand({ verb: "UNINSTALL", labels: image.labels }, { ...subject, name });
  if (label === undefined && installed === undefined)
    throw gearError("not-installed", `${subject.image} has no label UNINSTALL and was not installed`);
  const outcome = label && (await conductLabel(invocation, label));
  if (outcome === undefined || outcome.exitCode === 0) await images.remove(subject.image);
  return outcome ?? { forgotten: subject.image };
}
