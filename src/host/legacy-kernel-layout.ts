// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { join } from "node:path";
import { listDirectory } from "../base/index.ts";
import { hostError } from "./errors.ts";
import type { BootFile, KernelLayout } from "./model.ts";

/**
 * Kernels as trees had them before `usr/lib/modules`: `vmlinuz-VERSION-CHECKSUM` and its companions in
 * `usr/lib/ostree-boot` or `boot`; the builder computed the checksum (`get_kernel_from_tree_legacy_layouts`).
 */
export function findLegacyKernel(tree: string): KernelLayout | undefined {
  const places = ["usr/lib/ostree-boot", "boot"].map((path) => join(tree, path));
  const directory = places.find((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  if (directory === undefined) return undefined;
  const names = listDirectory(directory);
  const kernel = findFile(names, "vmlinuz");
  if (kernel === undefined) return undefined;
  const initramfs = findFile(names, "initramfs");
  const deviceTree = findFile(names, "devicetree");
  if (initramfs !== undefined && initramfs.checksum !== kernel.checksum)
    throw hostError("bad-tree", "Mismatched kernel checksum vs initrd");
  if (deviceTree !== undefined && deviceTree.checksum !== kernel.checksum)
    throw hostError("bad-tree", "Mismatched kernel checksum vs device tree in tree");
  return {
    version: kernel.name.slice("vmlinuz-".length),
    directory,
    kernel,
    initramfs,
    deviceTree: deviceTree && { ...deviceTree, directory: false },
    hmac: undefined,
    aboot: undefined,
    checksum: kernel.checksum,
  };
}

function findFile(names: readonly string[], kind: string): (BootFile & { readonly checksum: string }) | undefined {
  for (const source of names) {
    const match = /^(.*)-([0-9a-f]{64})$/.exec(source);
    if (match !== null && source.startsWith(`${kind}-`)) return { source, name: match[1]!, checksum: match[2]! };
  }
  return undefined;
}
