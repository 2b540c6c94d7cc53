// SPDX-License-Identifier: Apache-2.0
/** Which components share a layer: so that the next build changes few layers, and they are neither many nor large. */
import { hash } from "node:crypto";
import { imageLabels, type LayerPlan } from "../../ostree/index.ts";
import type { OciManifest } from "../../formats/index.ts";
import type { Component } from "./components.ts";

/** Half of what older container engines can mount (ostree-rs-ext, MAX_CHUNKS). */
export const defaultLayers = 64;
/** Fewer could not part what always changes from what seldom does. */
export const fewestLayers = 4;

/** Of the layers that are free, this part goes to the largest packages, each alone (ostree-rs-ext, `basic_packing`). */
const largeShare = 0.6;

/**
 * The layers of an image, apart from the first. The last of a new packing is kept free for packages that are added later.
 * @param previous manifest of the last build: its packages stay where they were, if `max` allows
 */
export function packLayers(components: readonly Component[], max: number, previous?: OciManifest): LayerPlan[] {
  const bins = (previous && previousPacking(components, max, previous)) ?? packing(components, max);
  return bins.map((bin) => ({
    name: binName(bin),
    components: bin.map(({ name }) => name),
    objects: bin.flatMap(({ objects }) => objects),
  }));
}

function packing(components: readonly Component[], max: number): Component[][] {
  if (components.length === 0) return [];
  if (components.length < max) return [...components.map((component) => [component]), []];
  const changing = components.filter(({ alwaysChanges }) => alwaysChanges);
  const bySize = components
    .filter(({ alwaysChanges }) => !alwaysChanges)
    .toSorted((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  const free = max - 1 - Math.min(1, changing.length);
  const large = bySize.splice(0, Math.floor(largeShare * free));
  const shared = shareLayers(bySize, free - large.length);
  return [...large.map((one) => [one]), ...shared, ...(changing.length === 0 ? [] : [changing]), []];
}

/**
 * Small packages by their source's name alone: whatever becomes of the others, each finds the same company in the next
 * build, and those that change together are together.
 */
function shareLayers(components: readonly Component[], count: number): Component[][] {
  const bins = Array.from({ length: count }, (): Component[] => []);
  for (const component of components) {
    const bin = Number.parseInt(hash("sha256", component.source, "hex").slice(0, 12), 16) % count;
    bins[bin]!.push(component);
  }
  return bins.filter((bin) => bin.length > 0).map((bin) => bin.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
}

/** `basic_packing_with_prior_build`; undefined where the previous manifest does not tell, or has more layers than may be. */
function previousPacking(components: readonly Component[], max: number, { layers }: OciManifest) {
  const names = layers.slice(1).map(({ annotations }) => annotations?.get(imageLabels.components)?.split(","));
  if (names.length === 0 || names.includes(undefined)) return undefined;
  const left = new Map(components.map((component) => [component.name, component]));
  const bins = names.map((bin) =>
    bin!.flatMap((name) => {
      const component = left.get(name);
      left.delete(name);
      return component ?? [];
    }),
  );
  // What is added goes to the last, which was kept free for it.
  bins.at(-1)!.push(...left.values());
  const kept = bins.filter((bin, index) => bin.length > 0 || index === bins.length - 1);
  return kept.length > max ? undefined : kept;
}

function binName(bin: readonly Component[]): string {
  if (bin.length === 0) return "Reserved for new packages";
  return bin.length > 5 ? `${bin.length} components` : bin.map(({ name }) => name).join(" and ");
}
