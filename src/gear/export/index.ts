// SPDX-License-Identifier: Apache-2.0
export { exportUnits } from "./export-units.ts";
export * from "./kubernetes/index.ts";
export type * from "./model.ts";
export * from "./quadlet/index.ts";
