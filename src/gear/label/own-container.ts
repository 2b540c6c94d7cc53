// SPDX-License-Identifier: Apache-2.0
import type { Engine } from "../engine/model.ts";
import { gearError } from "../errors.ts";
import type { GenerationStore } from "../generation/store.ts";
import { loggedInstances } from "../logs/logged-instances.ts";
import type { LabelCommand } from "./model.ts";

const otherName = "--name  names another one";

/**
 * Refuses a label's command on a container that is there and is another image's, or an application's, also while that is stopped:
 * whoever makes an image gives it its name, and so that of its container.
 * @throws gear-conflict
 */
export async function requireOwnContainer(
  { command, image, name, verb }: Pick<LabelCommand, "command" | "image" | "name" | "verb">,
  engine: Pick<Engine, "container" | "image">,
  store: GenerationStore,
): Promise<void> {
  const what = command[1];
  const isMade = what === "run" || what === "create";
  // Without its own name, it has one that the engine thinks of.
  if (isMade && !command.includes(`--name=${name}`)) return;
  const refuse = (whose: string, hint: string) =>
    gearError("conflict", `${verb} of ${image} would ${what} the container ${name}, which is ${whose}`, { hint });
  const instance = loggedInstances(store).find(({ container }) => container === name);
  if (instance !== undefined) {
    const { application, id } = instance;
    const hint = isMade ? otherName : `atomic gear stop ${application} ${id}  stops it`;
    throw refuse(`of the application ${application}`, hint);
  }
  // The engine refuses it where the name is taken.
  if (isMade) return;
  const container = await engine.container(name);
  if (container === undefined) return;
  const own = await engine.image(image);
  if (own?.id === container.imageId || own?.names.includes(container.image) === true) return;
  // Docker has nothing but the id by which it was run.
  const whose = (await engine.image(container.imageId))?.names[0] ?? container.image;
  throw refuse(`of the image ${whose}`, otherName);
}
