// SPDX-License-Identifier: Apache-2.0
import {
  decodeImageConfig,
  decodeManifestOrIndex,
  ociDigest,
  type OciDigest,
  type OciImageConfig,
  type OciManifest,
} from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { formatImage, type ImageReference } from "./image-reference.ts";
import { inspectConfig, inspectRaw, type SkopeoOptions } from "./skopeo.ts";

export interface InspectedImage {
  readonly digest: OciDigest;
  readonly manifest: OciManifest;
  readonly config: OciImageConfig;
}

/** Manifest and configuration of an image that was built before; undefined when skopeo finds none. Nothing is verified. */
export async function inspectImage(
  image: ImageReference,
  options: SkopeoOptions = {},
): Promise<InspectedImage | undefined> {
  const what = formatImage(image);
  try {
    const bytes = await inspectRaw(image, options);
    const manifest = decodeManifestOrIndex(bytes, what);
    if (!("layers" in manifest)) throw ostreeError("image-content", `${what} is an index of images, not one`);
    const config = decodeImageConfig(await inspectConfig(image, options), what);
    return { digest: ociDigest(bytes), manifest, config };
  } catch (error) {
    if (!ostreeError.is(error, "image-fetch") || !isMissing(error.message)) throw error;
    return undefined;
  }
}

/** What skopeo says of paths, and registries by way of it, when there is no such image (`open_image_optional`). */
function isMissing(message: string): boolean {
  return /no such file or directory|manifest unknown|name unknown|does not exist|no image found|identifier is not an image|does not resolve to an image ID/i.test(
    message,
  );
}
