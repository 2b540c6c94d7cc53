// SPDX-License-Identifier: Apache-2.0
export { buildChunked, type BuildChunkedOptions } from "./build-chunked.ts";
export { type ComposedImage, composeImage, type ComposeImageOptions, type InitializeMode } from "./compose-image.ts";
export { encapsulateCommit, type EncapsulateCommitOptions, type EncapsulatedCommit } from "./encapsulate-commit.ts";
export { diffManifests, type ManifestDiff } from "./manifest-diff.ts";
export { type MountedImage, mountImage } from "./mount-image.ts";
export { defaultLayers } from "./pack-layers.ts";
