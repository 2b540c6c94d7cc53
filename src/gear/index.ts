// SPDX-License-Identifier: Apache-2.0
export * from "./defaults.ts";
export * from "./export/index.ts";
export { gearError } from "./errors.ts";
export * from "./engine/index.ts";
export * from "./label/index.ts";
export * from "./link/index.ts";
export type * from "./model.ts";
export { type Name, parseName } from "./name.ts";
export * from "./permission.ts";
export * from "./plan/index.ts";
export * from "./generation/index.ts";
export { serviceFile, type ServiceRequest } from "./service-file.ts";
export * from "./systemd/index.ts";
export * from "./quadlet/index.ts";
export * from "./read/index.ts";
export * from "./unit/index.ts";
export * from "./tenant/index.ts";
export { parseSize } from "./read/value/size.ts";
