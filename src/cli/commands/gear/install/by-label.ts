// SPDX-License-Identifier: Apache-2.0
import type { Invocation } from "../../../command.ts";
import { conductLabel, type LabelOutcome } from "../label/conduct.ts";
import { openImage } from "../label/open-image.ts";

/** Runs the label INSTALL of an image, and records that its things are on the host. */
export async function installByLabel(invocation: Invocation): Promise<LabelOutcome> {
  const { gearError, InstalledImages, labelCommand } = await import("../../../../gear/index.ts");
  const reference = invocation.args[0]!;
  const { image, subject } = await openImage(invocation, reference);
  const label = labelCommand({ verb: "INSTALL", labels: image.labels }, subject);
  const isSystem = image.labels.get("atomic.type") === "system" || image.labels.get("system.type") === "ostree";
  if (label === undefined)
    throw gearError("not-installed", `${subject.image} has no label INSTALL`, {
      hint: isSystem
        ? `atomic gear install --system ${reference}`
        : `atomic gear install ${reference} NAME  makes it a service; atomic gear info ${reference}  shows its labels`,
    });
  const outcome = await conductLabel(invocation, label);
  if (outcome.exitCode === 0) {
    const { image: named, name } = subject;
    await new InstalledImages(invocation.value("root")).add({ image: named, name, id: image.id, at: Date.now() });
  }
  return outcome;
}
