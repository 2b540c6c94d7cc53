// SPDX-License-Identifier: Apache-2.0
/** fs-verity for what is written into a repository (ostree-repo-verity.c). */
import { closeSync, openSync } from "node:fs";
import { enableVerity } from "../base/index.ts";
import { ostreeError } from "./errors.ts";

/** `[ex-integrity] fsverity`: `maybe` enables it where the file system can. */
export type VerityPolicy = "yes" | "maybe" | "no";

/**
 * File systems do not learn fs-verity meanwhile: after the first refusal nobody is asked again. One for each thread.
 */
let unsupported = false;

/** Makes a complete file, that nobody has open for writing, read-only with fs-verity (_ostree_tmpf_fsverity). */
export function enableObjectVerity(path: string, policy: VerityPolicy): void {
  if (policy === "no" || (policy === "maybe" && unsupported)) return;
  const fd = openSync(path, "r");
  try {
    if (enableVerity(fd)) return;
  } finally {
    closeSync(fd);
  }
  unsupported = true;
  if (policy === "yes") throw ostreeError("unsupported", "fsverity required but filesystem does not support it");
}
