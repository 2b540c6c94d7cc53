// SPDX-License-Identifier: Apache-2.0
export { connectEngine, type EngineAddress } from "./connect-engine.ts";
export { formatImageName, type ImageName, type ImageSource, parseImageName, parseImageSource } from "./image-name.ts";
export type * from "./model.ts";
