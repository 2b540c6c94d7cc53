// SPDX-License-Identifier: Apache-2.0
import type { OciDescriptor, OciImageConfig, OciManifest } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";

/** What a label of the image tells of the commit in it (ostree-rs-ext, encapsulate.rs). */
export const imageLabels = {
  commit: "ostree.commit",
  /** The last layer that is part of the commit, by the digest of its uncompressed form. */
  finalLayer: "ostree.final-diffid",
  bootable: "ostree.bootable",
  linux: "ostree.linux",
  bootc: "containers.bootc",
  version: "org.opencontainers.image.version",
  /** Of a layer: the packages in it, parted by commas. */
  components: "ostree.components",
} as const;

/** The layers of an image by what they hold (`parse_manifest_layout`). */
export interface ImageLayers {
  /** The commit with its directories, and content that is in no other layer; an image of another making has none. */
  readonly commit: OciDescriptor | undefined;
  /** Content objects. */
  readonly chunks: readonly OciDescriptor[];
  /** What was laid over them, as any container image's layers. */
  readonly derived: readonly OciDescriptor[];
}

export function imageLayers({ layers }: OciManifest, { diffIds, labels }: OciImageConfig): ImageLayers {
  if (layers.length === 0) throw ostreeError("image-content", "the image has no layers");
  if (diffIds.length !== layers.length)
    throw ostreeError("image-content", `${layers.length} layers, but diff_ids of ${diffIds.length}`);
  const wanted = labels.get(imageLabels.finalLayer);
  if (wanted === undefined) return { commit: undefined, chunks: [], derived: layers };
  const last = diffIds.findIndex((id) => id === wanted);
  if (last < 0) throw ostreeError("image-content", `the image has no layer ${wanted}, where its commit should end`);
  return { commit: layers[0], chunks: layers.slice(1, last + 1), derived: layers.slice(last + 1) };
}

/** As `ImageImporter::require_bootable`: a container of an application would make a host that does not boot. */
export function requireHostImage({ labels, architecture }: OciImageConfig, name: string): void {
  if (!labels.has(imageLabels.bootable) && !labels.has(imageLabels.bootc))
    throw ostreeError("image-content", `${name} has no label ${imageLabels.bootable} or ${imageLabels.bootc}`, {
      hint: "it is no image of an operating system; one that is must say so",
    });
  if (architecture !== goArchitecture())
    throw ostreeError("image-content", `${name} is for ${architecture || "no architecture"}, not ${goArchitecture()}`);
}

/** This machine's architecture by the name that images have for it (Go's GOARCH). */
export function goArchitecture(): string {
  return { x64: "amd64", ia32: "386", ppc64: "ppc64le" }[process.arch as string] ?? process.arch;
}
