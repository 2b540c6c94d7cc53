// SPDX-License-Identifier: Apache-2.0
export { composeError } from "./errors.ts";
export { loadTreefile, parseTreefile } from "./treefile/load.ts";
export type { AddedFile, AptEntry, RemoveRule, Treefile } from "./treefile/model.ts";
