// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { lstatIfExists } from "../base/index.ts";
import { enableObjectVerity } from "../ostree/index.ts";
import { listDeploymentDirectories } from "./cleanup.ts";
import { composefsName } from "./composefs.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * Brings back what a copy of the system root by files has lost: fs-verity, where the repository's settings want it
 * (`ostree_sysroot_update_post_copy`). The caller holds the lock.
 */
export function updateAfterCopy(sysroot: Sysroot): void {
  const { repo } = sysroot;
  const policy = repo.settings.fsverity;
  if (policy === "no") return;
  const enable = (path: string) => {
    if (lstatIfExists(path)?.isFile() === true) enableObjectVerity(path, policy);
  };
  for (const { checksum, type } of repo.objects()) enable(repo.objectPath(checksum, type));
  for (const name of listDeploymentDirectories(sysroot.path)) enable(join(sysroot.directory(name), composefsName));
}
