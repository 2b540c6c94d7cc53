// SPDX-License-Identifier: Apache-2.0
/** How sizes and times are written, in every kind of file that has no syntax of its own for them. */
export * from "./duration.ts";
export * from "./size.ts";
