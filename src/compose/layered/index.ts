// SPDX-License-Identifier: Apache-2.0
export { layerPackages } from "./layer-packages.ts";
export { findLocalPackage, importLocalPackage, packageRefs } from "./local-packages.ts";
export type { Layered, LayerOptions, LayerRepositories, LayerWish, LocalPackage, Replacement } from "./model.ts";
