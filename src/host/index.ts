// SPDX-License-Identifier: Apache-2.0
export * from "./diff-etc.ts";
export * from "./errors.ts";
export * from "./kernel-args.ts";
export * from "./merge-etc.ts";
