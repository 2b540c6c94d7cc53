// SPDX-License-Identifier: Apache-2.0
export { composeExtensions, type ExtensionsOptions, type ExtensionsResult } from "./compose-extensions.ts";
export { type Extension, type Extensions, formatExtensions, parseExtensions } from "./parse.ts";
