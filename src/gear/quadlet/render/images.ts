// SPDX-License-Identifier: Apache-2.0
import { parseCsvLine } from "../../csv-line.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import type { Manifest } from "./manifest.ts";

/** References of all images that have to be in the storage before the services start; what `.build` files make is not. */
export function usedImages(
  files: readonly QuadletFile[],
  manifests: (file: QuadletFile) => readonly Manifest[],
): string[] {
  const built = new Set(files.flatMap((file) => (file.kind === "build" ? file.all("ImageTag") : [])));
  const used = files.flatMap((file) => [...imagesOf(file), ...manifestImages(manifests(file))]);
  return [...new Set(used)].filter((image) => !built.has(image) && !/\.(?:build|image)$/.test(image));
}

function imagesOf(file: QuadletFile): string[] {
  const image = file.kind === "volume" && file.text("Driver") !== "image" ? undefined : file.filled("Image");
  const mounted = file.kind === "container" ? file.args("Mount", () => {}).flatMap(mountedImage) : [];
  const images = [...(image === undefined ? [] : [image]), ...mounted];
  const unknown = images.find((name) => name.includes("%"));
  if (unknown !== undefined) {
    throw file.error(`Image=${unknown}: an image that only systemd can name cannot be pulled before`, "Image");
  }
  return images;
}

function mountedImage(mount: string): string[] {
  const fields = parseCsvLine(mount) ?? [];
  if (!fields.includes("type=image")) return [];
  return fields.flatMap((field) => /^(?:source|src)=(.+)$/.exec(field)?.[1] ?? []);
}

const manifestImages = (manifests: readonly Manifest[]): string[] =>
  manifests.flatMap(({ containers }) => containers.map(({ image }) => String(image.value)));
