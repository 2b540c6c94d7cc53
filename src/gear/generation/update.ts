// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { UpdatePolicy } from "../model.ts";
import type { Name } from "../name.ts";
import type { Who } from "./change.ts";
import { type ChangeReport, currentGeneration, deployRendered, refuseAlone } from "./deploy.ts";
import { withApplication } from "./locked.ts";
import type { Generation, Pins, Rendered } from "./model.ts";
import { pinImages } from "./pin-images.ts";
import type { Surroundings } from "./surroundings.ts";

export interface UpdateRequest extends Who {
  readonly application: Name;
  /** Undefined: as the policy of the application says. */
  readonly images: UpdatePolicy["images"] | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Looks for newer images of the same references and deploys them as one generation, which is watched and taken back as any
 * other. Nothing else of the application changes.
 */
export async function updateApplication(surroundings: Surroundings, request: UpdateRequest): Promise<ChangeReport> {
  const { application, signal } = request;
  const { store } = surroundings;
  store.requireRecord(application);
  return withApplication(surroundings, application, async () => {
    const current = currentGeneration(surroundings, application);
    if (current === undefined) throw gearError("no-generation", `nothing of ${application} runs`);
    refuseAlone(current);
    const { rendered, placed, source, policy, hostVersion, withHost } = current;
    const images = imagesToUpdate(current, request.images);
    const references = rendered.images.map(({ reference }) => reference);
    const pull = images === "registry" ? "always" : "never";
    const { pins, pulled } = await pinImages(surroundings, references, pull, signal);
    const renewed = repin(rendered, pins);
    const known = { source, policy, placed, pulled, hostVersion, withHost, message: undefined };
    return deployRendered(surroundings, { ...request, ...known, kind: "update", rendered: renewed });
  });
}

/** Where newer images come from. @throws gear-unsupported */
export function imagesToUpdate(
  { rendered, policy }: Generation,
  asked: UpdatePolicy["images"] | undefined,
): "registry" | "local" {
  const images = asked ?? policy.images;
  if (images !== "none") return images;
  throw gearError("unsupported", `the file of ${rendered.application} does not say where newer images come from`, {
    hint: "--images=registry or --images=local, or `update` in the file",
  });
}

/**
 * The same rendering with other images.
 * @throws gear-unsupported where a unit names an image that two references stood for and now do no more
 */
export function repin(rendered: Rendered, pins: Pins): Rendered {
  const units = new Map([...rendered.units].map(([name, text]) => [name, repinUnit(rendered, pins, name, text)]));
  const files = [...rendered.files].map(([path, file]) => {
    if (file.imagesOf === undefined) return [path, file] as const;
    return [path, { ...file, content: repinUnit(rendered, pins, file.imagesOf, file.content) }] as const;
  });
  const images = rendered.images.map((image) => ({ ...image, pinned: pins.get(image.reference) ?? image.pinned }));
  return { ...rendered, units, files: new Map(files), images };
}

function repinUnit({ images, instances }: Rendered, pins: Pins, unit: string, text: string): string {
  const here = new Set(instances.filter((instance) => instance.unit === unit).map(({ image }) => image));
  const changes = new Map<string, string>();
  for (const [pinned, uses] of Map.groupBy(images, (image) => image.pinned)) {
    if (pinned === undefined || !text.includes(pinned)) continue;
    const named = uses.filter(({ reference }) => here.has(reference));
    const wanted = new Set((named.length > 0 ? named : uses).map(({ reference }) => pins.get(reference) ?? pinned));
    if (wanted.size > 1) {
      throw gearError("unsupported", `${unit} has an image that is of two references, which are no longer the same`, {
        hint: "deploy the file again",
      });
    }
    const [next = pinned] = wanted;
    changes.set(pinned, next);
    changes.set(digestOf(pinned), digestOf(next));
  }
  return replaceAtOnce(text, changes);
}

/** Of `NAME@DIGEST`, which fields of the journal have alone. */
const digestOf = (pinned: string) => pinned.slice(pinned.indexOf("@") + 1);

/** In one pass, so that nothing is replaced twice; the longest match counts. */
function replaceAtOnce(text: string, changes: ReadonlyMap<string, string>): string {
  if (changes.size === 0) return text;
  const words = [...changes.keys()].sort((a, b) => b.length - a.length).map((word) => RegExp.escape(word));
  return text.replace(new RegExp(words.join("|"), "g"), (word) => changes.get(word)!);
}
