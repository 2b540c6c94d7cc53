// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderLabelOutcome } from "../../render/gear-label.ts";
import { conductLabel, labelExitCode } from "./label/conduct.ts";
import { openImage } from "./label/open-image.ts";
import { engineDeclaration, labelOptions, nameDeclaration, pullDeclaration } from "./label/options.ts";
import { rootOption } from "./root-option.ts";

export default defineCommand({
  path: ["gear", "run"],
  summary: "Run an image as its label RUN says",
  description:
    "The label is one command of the container engine; no shell has a part in it, and what it asks for beyond what any container has must be allowed, at the terminal or by --allow or --yes. Without the label, the image is run in the foreground. WORD goes to the container. An image with a label INSTALL has to be installed before. The exit code is the container's.",
  examples: [
    { command: "atomic gear run registry.example.org/tools --display", text: "See the command and what it asks for:" },
    { command: "atomic gear run registry.example.org/tools --allow=host-root -- sosreport", text: "Run it:" },
  ],
  arguments: [{ name: "IMAGE" }, { name: "WORD", optional: true, repeat: true }],
  options: [
    ...labelOptions,
    nameDeclaration,
    { name: "spc", help: "Instead of what the label says: as a tool for the host itself, which is at /host" },
    pullDeclaration,
    engineDeclaration,
    rootOption,
  ],
  async run(invocation) {
    const [reference = "", ...more] = invocation.args;
    const { findLabel, gearError, InstalledImages, labelCommand } = await import("../../../gear/index.ts");
    const { image, subject } = await openImage(invocation, reference);
    const installed = new InstalledImages(invocation.value("root")).find(subject.image);
    if (findLabel(image.labels, "INSTALL") !== undefined && installed === undefined && !invocation.flag("display"))
      throw gearError("not-installed", `${subject.image} wants to be installed before it is run`, {
        hint: `atomic gear install ${subject.image} --display`,
      });
    const superPrivileged = invocation.flag("spc");
    const label = labelCommand({ verb: "RUN", labels: image.labels, more, superPrivileged }, subject);
    return conductLabel(invocation, label!);
  },
  render: renderLabelOutcome,
  exitCode: labelExitCode,
});
