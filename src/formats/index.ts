// SPDX-License-Identifier: Apache-2.0
export * from "./bls-entry.ts";
export * from "./errors.ts";
export * from "./gvariant.ts";
export * from "./keyfile.ts";
