// SPDX-License-Identifier: Apache-2.0
export * from "./kubernetes/index.ts";
export type * from "./model.ts";
