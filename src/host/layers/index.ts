// SPDX-License-Identifier: Apache-2.0
export { type AssembledLayers, type AssembleRequest, assembleLayers } from "./assemble-layers.ts";
export { changeLayers, type LayerRequest, type LayersChanged } from "./change-layers.ts";
export type { LayerChange } from "./import-change.ts";
export { loadPackageLists, type PackageLists, type PackageListsRequest } from "./package-lists.ts";
export { type HostRepositories, hostRepositories, type RepositoryOptions } from "./repositories.ts";
export { readWish, writeWish } from "./wish.ts";
