// SPDX-License-Identifier: Apache-2.0
export * from "./change.ts";
export type { HostFile, SystemChange, SystemContainer, SystemGeneration } from "./model.ts";
export { findRuntime } from "./runtime.ts";
export { SystemStore } from "./store.ts";
export { defaultHealthTime, type HealthTime, type SystemSurroundings } from "./switch-to.ts";
