// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, stage } from "../../base/index.ts";
import type { Engine, Image } from "../engine/model.ts";
import { gearError } from "../errors.ts";
import type { Pins } from "./model.ts";

/** podman's words (`podman run --pull`). */
export type PullPolicy = "always" | "missing" | "never";

export interface PinnedImages {
  readonly pins: Pins;
  /** Pins of images that were not in the storage before. */
  readonly pulled: readonly string[];
}

/**
 * Has every image in the engine's storage and pins it. Nothing that runs is touched: a registry that dies in the middle, or a
 * full disk, leaves everything as it is.
 */
export function pinImages(
  { engine, progress }: { readonly engine: Engine; readonly progress: ProgressListener },
  references: Iterable<string>,
  policy: PullPolicy,
  signal?: AbortSignal,
): Promise<PinnedImages> {
  const wanted = [...new Set(references)];
  return stage(
    progress,
    "pull",
    "Images",
    async () => {
      const before = new Set((await engine.images()).map(({ id }) => id));
      const pins = new Map<string, string>();
      const pulled: string[] = [];
      for (const [index, reference] of wanted.entries()) {
        signal?.throwIfAborted();
        progress({
          type: "steps",
          task: "pull",
          done: index,
          total: wanted.length,
          unit: "images",
          current: reference,
        });
        const image = await bring(engine, reference, policy, progress, signal);
        pins.set(reference, image.pinned);
        if (!before.has(image.id)) pulled.push(image.pinned);
      }
      return { pins, pulled };
    },
    ({ pins, pulled }) => `${pins.size} pinned, ${pulled.length} new`,
  );
}

async function bring(
  engine: Engine,
  reference: string,
  policy: PullPolicy,
  progress: ProgressListener,
  signal: AbortSignal | undefined,
): Promise<Image> {
  const isLocal = reference.startsWith("localhost/");
  const isFixed = reference.includes("@sha256:") || /^(sha256:)?[0-9a-f]{64}$/.test(reference);
  if (policy !== "always" || isLocal || isFixed) {
    const image = await engine.image(reference);
    if (image !== undefined) return image;
  }
  if (policy === "never" || isLocal) {
    throw gearError("no-image", `image ${reference} is not in the storage of ${engine.kind}`, {
      hint: isLocal ? `${engine.kind} build --tag ${reference} DIRECTORY  makes it` : "--pull=missing  pulls it",
    });
  }
  return engine.pull(reference, { progress, ...(signal === undefined ? {} : { signal }) });
}
