// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import { type Images, lookUpName } from "./images.ts";
import type { ImageSummary, PruneReport } from "./model.ts";

export async function pruneImages(
  images: Images,
  keep: readonly string[],
  candidates: readonly string[] | undefined,
): Promise<PruneReport> {
  const [all, used] = await Promise.all([images.all(), images.used()]);
  const kept = named(keep);
  const wanted = candidates === undefined ? undefined : named(candidates);
  const removed: string[] = [];
  const refused: { image: string; reason: string }[] = [];
  for (const image of all) {
    const isCandidate = wanted === undefined || matches(image, wanted);
    if (!isCandidate || used.has(image.id) || matches(image, kept)) continue;
    try {
      await images.removeWhole(image);
      removed.push(image.id);
    } catch (error) {
      if (!gearError.is(error, "engine")) throw error;
      refused.push({ image: image.id, reason: error.message });
    }
  }
  return { removed, refused };
}

/** References in full, ids and digests. */
function named(references: readonly string[]): ReadonlySet<string> {
  return new Set(references.map(lookUpName).filter((name) => name !== undefined));
}

function matches(image: ImageSummary, set: ReadonlySet<string>): boolean {
  const digests = image.digests.map((name) => name.slice(name.indexOf("@") + 1));
  return [image.id, ...image.names, ...image.digests, ...digests].some((name) => set.has(name));
}
