// SPDX-License-Identifier: Apache-2.0
export { convertQuadlets, type ConvertedQuadlets, type ConvertOptions, type QuadletService } from "./convert/index.ts";
export { installLinks } from "./install.ts";
export { kindOf } from "./kinds.ts";
export { loadQuadlets } from "./load.ts";
export { QuadletFile } from "./quadlet-file.ts";
export type { QuadletSet } from "./quadlet-set.ts";
export { quadletApplication, renderQuadlets, type RenderQuadletsOptions } from "./render/index.ts";
export { quadletSource } from "./source.ts";
export { quadletUpdate } from "./update-policy.ts";
