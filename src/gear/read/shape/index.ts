// SPDX-License-Identifier: Apache-2.0
export * from "./collections.ts";
export * from "./scalars.ts";
export * from "./shape.ts";
