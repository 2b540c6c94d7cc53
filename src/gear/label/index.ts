// SPDX-License-Identifier: Apache-2.0
export { InstalledImages } from "./installed-images.ts";
export { requireOwnContainer } from "./own-container.ts";
export { findLabel, labelCommand, type LabelRequest, nameOfImage } from "./label-command.ts";
export { type LabelCommand, type LabelSubject, type LabelVerb, labelVerbs } from "./model.ts";
