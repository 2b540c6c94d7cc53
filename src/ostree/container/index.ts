// SPDX-License-Identifier: Apache-2.0
export { commitObjects, type PlacedObject, type PlacedObjects } from "./commit-objects.ts";
export { encapsulate, type Encapsulated, type EncapsulateOptions, type LayerPlan } from "./encapsulate.ts";
export { goArchitecture, imageLabels } from "./image-layout.ts";
export {
  formatImage,
  formatOstreeImage,
  type ImageReference,
  isImageReference,
  type OstreeImageReference,
  parseImage,
  parseOstreeImage,
} from "./image-reference.ts";
export { findImage, findPending, forgetImages, imageDigestOf, listImages, type StoredImage } from "./image-store.ts";
export { OciLayout } from "./oci-layout.ts";
export {
  type ContainerImage,
  containerRef,
  forgetContainers,
  pullContainer,
  type PulledContainer,
  readContainer,
} from "./pull-container.ts";
export { pullImage, type PulledImage, type PullImageOptions } from "./pull-image.ts";
export { type ImageTarget, pushImage, type PushOptions } from "./push-image.ts";
export { escapeForRef, unescapeRef } from "./ref-escape.ts";
export { inspectImage, type InspectedImage } from "./inspect-image.ts";
