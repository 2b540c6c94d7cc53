// SPDX-License-Identifier: Apache-2.0
export { layerPackages } from "./layer-packages.ts";
export { importLocalPackage } from "./local-packages.ts";
export type { Layered, LayerOptions, LayerRepositories, LayerWish, LocalPackage, RemoteReplacement } from "./model.ts";
