// SPDX-License-Identifier: Apache-2.0
/** fs-verity for what is written into a repository (ostree-repo-verity.c). */
import { closeSync, fstatSync, openSync } from "node:fs";
import { enableVerity } from "../base/index.ts";
import { ostreeError } from "./errors.ts";

/** `[ex-integrity] fsverity`: `maybe` enables it where the file system can. */
export type VerityPolicy = "yes" | "maybe" | "no";

/** Devices of file systems without fs-verity: they are not asked again. */
const without = new Set<number>();

/** Makes a complete file, that nobody has open for writing, read-only with fs-verity (_ostree_tmpf_fsverity). */
export function enableObjectVerity(path: string, policy: VerityPolicy): void {
  if (policy === "no") return;
  const fd = openSync(path, "r");
  try {
    const { dev } = fstatSync(fd);
    if (!without.has(dev) && enableVerity(fd)) return;
    without.add(dev);
  } finally {
    closeSync(fd);
  }
  if (policy === "yes") throw ostreeError("unsupported", "fsverity required but filesystem does not support it");
}
