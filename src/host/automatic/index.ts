// SPDX-License-Identifier: Apache-2.0
export * from "./config.ts";
export * from "./trigger.ts";
export * from "./window.ts";
