// SPDX-License-Identifier: Apache-2.0
/** The release of libostree whose command line and formats this is. */
export const ostreeRelease = "2026.4";

/**
 * Features in libostree's words (`OSTREE_FEATURES`): scripts ask for them. Only what this program does stands here.
 */
export const ostreeFeatures: readonly string[] = [
  "initial-var",
  "gpgme",
  "composefs",
  "ex-fsverity",
  "libarchive",
  "p2p",
  "selinux",
  "sign-ed25519",
  "sign-spki",
];
