// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { UpdatePolicy } from "../model.ts";
import type { Name } from "../name.ts";
import { generationOf } from "./change.ts";
import type { Generation } from "./model.ts";
import type { Surroundings } from "./surroundings.ts";
import { imagesToUpdate } from "./update.ts";

export interface UpdateCheck {
  readonly application: Name;
  readonly generation: number;
  readonly images: readonly ImageCheck[];
}

export interface ImageCheck {
  /** Ids of the instances that run it; none for an image that is only in a manifest. */
  readonly instances: readonly Name[];
  readonly reference: string;
  /** As units name it. */
  readonly pinned: string | undefined;
  /** Digest that an update would run, or id where it has none; undefined where that is known only when it is brought. */
  readonly latest: string | undefined;
  readonly isNew: boolean;
}

/** What `update` would find, by the same policy and with the same logins. Nothing is pulled and nothing is changed. */
export async function checkUpdates(
  surroundings: Pick<Surroundings, "store" | "engine">,
  request: {
    readonly application: Name;
    readonly images: UpdatePolicy["images"] | undefined;
    readonly signal?: AbortSignal;
  },
): Promise<UpdateCheck> {
  const { application } = request;
  const record = surroundings.store.requireRecord(application);
  const current = generationOf(surroundings, application, record.current);
  if (current === undefined) throw gearError("no-generation", `nothing of ${application} runs`);
  const from = imagesToUpdate(current, request.images);
  const images: ImageCheck[] = [];
  for (const image of current.rendered.images) {
    images.push(await checkImage(surroundings, current, image, from, request.signal));
  }
  return { application, generation: current.number, images };
}

async function checkImage(
  { engine }: Pick<Surroundings, "engine">,
  { rendered }: Generation,
  { reference, pinned }: Generation["rendered"]["images"][number],
  from: "registry" | "local",
  signal: AbortSignal | undefined,
): Promise<ImageCheck> {
  const instances = rendered.instances.filter(({ image }) => image === reference).map(({ id }) => id);
  const known = { instances, reference, pinned };
  if (from === "local") {
    const here = await engine.image(reference);
    return { ...known, latest: here?.pinned, isNew: here !== undefined && here.pinned !== pinned };
  }
  const there = await engine.imageInRegistry(reference, pinned ?? reference, signal === undefined ? {} : { signal });
  return { ...known, latest: there?.digest, isNew: there?.isNew === true };
}
