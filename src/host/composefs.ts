// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { readTextIfExists } from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import { type Checksum, composefsImage } from "../ostree/index.ts";
import type { Sysroot } from "./sysroot.ts";

/** The image of a deployment's tree, in its root (OSTREE_COMPOSEFS_NAME). */
export const composefsName = ".ostree.cfs";

/**
 * Writes the composefs image that ostree-prepare-root may mount (`checkout_deployment_tree`). It holds the digests of
 * files that have fs-verity on disk; of all files when the tree says that they must have it.
 */
export async function writeDeploymentImage({ repo }: Sysroot, checksum: Checksum, tree: string): Promise<void> {
  const verity = requiresVerity(tree) ? "compute" : "present";
  await composefsImage(repo, checksum, join(tree, composefsName), { verity });
}

/** `composefs.enabled` of ostree-prepare-root(1) (`otcore_load_rootfs_config`). */
function requiresVerity(tree: string): boolean {
  const paths = ["etc", "usr/lib"].map((directory) => join(tree, directory, "ostree/prepare-root.conf"));
  const found = paths.map((path) => [path, readTextIfExists(path)] as const).find(([, text]) => text !== undefined);
  const [path, text] = found ?? ["prepare-root.conf", ""];
  return ["verity", "signed"].includes(Keyfile.parse(text ?? "", path).get("composefs", "enabled") ?? "");
}
