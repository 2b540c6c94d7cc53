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

/** `composefs.enabled` (`otcore_load_rootfs_config`). */
function requiresVerity(tree: string): boolean {
  return ["verity", "signed"].includes(readPrepareRoot(tree).get("composefs", "enabled") ?? "");
}

/** Whether a tree's root is mounted by composefs where that is possible. */
export function bootsByComposefs(tree: string): boolean {
  return ["yes", "true", "1", "maybe", "verity", "signed"].includes(
    readPrepareRoot(tree).get("composefs", "enabled") ?? "",
  );
}

/** How a tree wants to be mounted at boot: its ostree-prepare-root.conf (`otcore_load_config`). */
export function readPrepareRoot(tree: string): Keyfile {
  const paths = ["etc", "usr/lib"].map((directory) => join(tree, directory, "ostree/prepare-root.conf"));
  const found = paths.map((path) => [path, readTextIfExists(path)] as const).find(([, text]) => text !== undefined);
  const [path, text] = found ?? ["prepare-root.conf", ""];
  return Keyfile.parse(text ?? "", path);
}
