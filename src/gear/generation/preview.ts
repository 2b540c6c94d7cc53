// SPDX-License-Identifier: Apache-2.0

import type { Name } from "../name.ts";
import { compareUnits } from "./compare.ts";
import { refuseConflicts } from "./conflicts.ts";
import { currentGeneration, type DeployRequest, placeRequest } from "./deploy.ts";
import { diffRendered, type RenderedDiff } from "./diff.ts";
import { requireHost } from "./host-binding.ts";
import { unitPath } from "./installed.ts";
import { takenPorts } from "./listening.ts";
import type { Generation, Rendered } from "./model.ts";
import { orderUnits } from "./order.ts";
import type { Surroundings } from "./surroundings.ts";

export interface DeployPreview extends RenderedDiff {
  readonly application: Name;
  readonly from: number | undefined;
  /** Unit files as they would be, by name. */
  readonly rendered: Rendered;
  /** What would be done, in this order, as one would type it. */
  readonly commands: readonly string[];
  /** Images that are not known before they are pulled: units have them by the name that was written. */
  readonly unknown: readonly string[];
}

/** What a deployment would change and do. It changes nothing: images are pinned as far as the engine has them already. */
export async function previewDeploy(
  surroundings: Pick<Surroundings, "store" | "services" | "engine" | "host">,
  request: Pick<DeployRequest, "application" | "place" | "policy" | "pull" | "hostVersion" | "withHost">,
): Promise<DeployPreview> {
  const { engine } = surroundings;
  const { application, pull } = request;
  requireHost(surroundings, request);
  const current = currentGeneration(surroundings, application);
  const { render } = placeRequest(request, current);
  const references = [...new Set(render(new Map()).images.map(({ reference }) => reference))];
  const images = await Promise.all(references.map(async (name) => [name, await engine.image(name)] as const));
  const pins = new Map(images.flatMap(([name, image]) => (image === undefined ? [] : [[name, image.pinned] as const])));
  const rendered = render(pins);
  await refuseConflicts(surroundings, rendered, current?.rendered, takenPorts());
  const unknown = references.filter((name) => !pins.has(name));
  const pulled = pull === "always" ? references.filter((name) => !name.startsWith("localhost/")) : unknown;
  const pulls = pull === "never" ? [] : pulled.map((name) => `${engine.kind} pull ${name}`);
  const preview = previewRendered(application, current, rendered);
  return { ...preview, commands: [...pulls, ...preview.commands], unknown };
}

/** The same of what is rendered with all its pins. */
export function previewRendered(application: Name, current: Generation | undefined, rendered: Rendered): DeployPreview {
  const commands = switchCommands(current?.rendered, rendered);
  const difference = diffRendered(current?.rendered, rendered);
  return { application, from: current?.number, rendered, commands, unknown: [], ...difference };
}

function switchCommands(from: Rendered | undefined, to: Rendered): string[] {
  const { added, changed, removed } = compareUnits(from, to);
  const stopped = orderUnits([...changed, ...removed], from?.units ?? new Map()).toReversed();
  const dropped = (from?.start ?? []).filter((name) => !to.start.includes(name));
  const words = (verb: string, names: readonly string[]) => (names.length === 0 ? [] : [`${verb} ${names.join(" ")}`]);
  return [
    ...words("systemctl stop", stopped),
    ...words("systemctl disable", dropped),
    ...[...added, ...changed].sort().map((name) => `write ${unitPath(name)}`),
    ...words("rm", removed.map(unitPath)),
    "systemctl daemon-reload",
    ...words("systemctl enable", to.start),
    ...words("systemctl start", orderUnits(to.start, to.units)),
  ];
}
