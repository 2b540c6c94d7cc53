// SPDX-License-Identifier: Apache-2.0
export * from "./apply.ts";
export * from "./change.ts";
export * from "./container-process.ts";
export { parseLink, parseSource, sourceText, targetText } from "./endpoint.ts";
export { encodeLinks } from "./links-file.ts";
export type * from "./model.ts";
export { NetworkNamespace } from "./network-namespace.ts";
export { plannedLinks } from "./planned-links.ts";
export { LinkStore } from "./store.ts";
