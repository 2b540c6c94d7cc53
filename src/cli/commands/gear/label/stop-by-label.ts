// SPDX-License-Identifier: Apache-2.0
import type { Invocation } from "../../../command.ts";
import { engineOption } from "../engine-option.ts";
import { openEngine } from "../shared.ts";
import { conductLabel, type LabelOutcome } from "./conduct.ts";
import { asker } from "./open-image.ts";

/** Stops a container as its image says; undefined for a name that is an application's, or no container's. */
export async function stopByLabel(invocation: Invocation): Promise<LabelOutcome | undefined> {
  const { connectSystemd, GenerationStore, labelCommand } = await import("../../../../gear/index.ts");
  const [name = ""] = invocation.args;
  if (new GenerationStore(invocation.value("root")).applications().some((known) => known === name)) return undefined;
  const kind = engineOption(invocation);
  using services = await connectSystemd();
  using engine = await openEngine(services, kind);
  const container = await engine.container(name);
  if (container === undefined) return undefined;
  const labels = (await engine.image(container.imageId))?.labels ?? new Map<string, string>();
  const { image, imageId: id } = container;
  const subject = { ...asker(invocation), image, id, name, engine: kind };
  return conductLabel(invocation, labelCommand({ verb: "STOP", labels }, subject)!);
}
