// SPDX-License-Identifier: Apache-2.0
export * from "./ar.ts";
export * from "./archive.ts";
export * from "./bls-entry.ts";
export * from "./composefs/index.ts";
export * from "./cpio.ts";
export * from "./deb822.ts";
export * from "./errors.ts";
export * from "./file-contexts.ts";
export { gvariantItems, type GVariantItems, gvariantMembers, SerializedGVariant } from "./gvariant-frame.ts";
export * from "./fsverity.ts";
export * from "./gvariant.ts";
export * from "./gvariant-text.ts";
export * from "./gvariant-parse.ts";
export * from "./keyfile.ts";
export * from "./tar.ts";
export { type TarType } from "./tar-header.ts";
export * from "./tar-writer.ts";
export * from "./tmpfiles.ts";
