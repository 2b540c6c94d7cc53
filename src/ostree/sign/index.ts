// SPDX-License-Identifier: Apache-2.0
export * from "./commit-signatures.ts";
export * from "./detached.ts";
export * from "./key-files.ts";
export { defaultSignType, type KeySet, parseSignType, type SignType, signTypes } from "./model.ts";
export { signBytes, verifyBytes } from "./sign-bytes.ts";
export * from "./signer.ts";
