// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProgressListener, silent } from "../../base/index.ts";
import { Repo } from "../../ostree/index.ts";
import { installRoot, type InstallOptions, type InstallResult } from "./install-root.ts";

export type RootfsOptions = Omit<InstallOptions, "repo" | "postprocess" | "plainEtc">;

/**
 * Composes a tree for a container image, which has no commit: as `compose install --postprocess`, without labels, which
 * whoever deploys the image makes, and with /etc at /etc (rpm-ostree's compose.rs `RootfsOpts`).
 */
export async function composeRootfs(
  options: RootfsOptions,
  progress: ProgressListener = silent,
): Promise<InstallResult> {
  const scratch = mkdtempSync(join(tmpdir(), "atomic-rootfs-"));
  try {
    // It is empty, so that there is no last release; layers come from another one.
    const repo = Repo.init(join(scratch, "repo"), "archive");
    const treefile = { ...options.treefile, selinux: false };
    return await installRoot({ ...options, treefile, repo, postprocess: true, plainEtc: true }, progress);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
