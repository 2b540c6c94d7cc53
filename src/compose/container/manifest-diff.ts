// SPDX-License-Identifier: Apache-2.0
import type { OciDescriptor, OciManifest } from "../../formats/index.ts";

/** What a host that has one image fetches for another (ostree-rs-ext, `ManifestDiff`). Sizes in bytes. */
export interface ManifestDiff {
  readonly layers: number;
  readonly size: number;
  readonly removed: number;
  readonly removedSize: number;
  readonly added: number;
  readonly addedSize: number;
}

export function diffManifests(from: OciManifest, to: OciManifest): ManifestDiff {
  const [before, after] = [from, to].map(({ layers }) => new Map(layers.map((layer) => [layer.digest, layer])));
  const without = (some: Map<string, OciDescriptor>, others: Map<string, OciDescriptor>) =>
    [...some.values()].filter(({ digest }) => !others.has(digest));
  const [removed, added] = [without(before!, after!), without(after!, before!)];
  return {
    layers: after!.size,
    size: sum([...after!.values()]),
    removed: removed.length,
    removedSize: sum(removed),
    added: added.length,
    addedSize: sum(added),
  };
}

function sum(layers: readonly OciDescriptor[]): number {
  return layers.reduce((total, { size }) => total + size, 0);
}
