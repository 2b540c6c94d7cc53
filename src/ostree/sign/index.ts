// SPDX-License-Identifier: Apache-2.0
export * from "./commit-signatures.ts";
export * from "./detached.ts";
export * from "./gpg-describe.ts";
export * from "./gpg-import.ts";
export { type KeyPart, type KeyUser, listKeys, type TrustedKey } from "./gpg-list-keys.ts";
export { type Keyring, type KeyringOptions, openKeyring, systemKeyring } from "./gpg-keyring.ts";
export { type SignatureProblem, type SignatureResult, verifySignatures } from "./gpg-verify.ts";
export * from "./key-files.ts";
export * from "./keyring-path.ts";
export { defaultSignType, type KeySet, parseSignType, type SignatureKind, type SignType, signTypes } from "./model.ts";
export { signBytes, verifyBytes } from "./sign-bytes.ts";
export * from "./signer.ts";
export * from "./trust.ts";
export * from "./verify-local-summary.ts";
