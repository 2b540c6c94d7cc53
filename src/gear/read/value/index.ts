// SPDX-License-Identifier: Apache-2.0
/** How sizes, times, ports and names are written, in every kind of file that has no syntax of its own for them. */
export * from "./duration.ts";
export * from "./port.ts";
export * from "./size.ts";
export * from "./words.ts";
