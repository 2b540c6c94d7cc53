// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { DirNode } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { lookupDirectory, lookupFile, move, put, readNode } from "../tree.ts";

/** Version of the tree's one kernel, `undefined` when it has none (a container's tree). */
export function kernelVersion(tree: DirNode): string | undefined {
  const versions = [...(lookupDirectory(tree, "usr/lib/modules")?.entries ?? [])]
    .filter(([version, node]) => node.kind === "dir" && hasKernel(tree, version))
    .map(([version]) => version);
  if (versions.length > 1) {
    throw composeError("no-kernel", `the tree has ${versions.length} kernels: ${versions.join(", ")}`, {
      hint: "a deployment boots one kernel: exclude the others with exclude-packages",
    });
  }
  return versions[0];
}

function hasKernel(tree: DirNode, version: string): boolean {
  return ["usr/lib/modules", "boot"].some(
    (where) =>
      lookupFile(tree, where === "boot" ? `boot/vmlinuz-${version}` : `${where}/${version}/vmlinuz`) !== undefined,
  );
}

/** Puts the kernel where libostree looks for it (ostree-sysroot-deploy.c `get_kernel_from_tree_usrlib_modules`). */
export function placeKernel(tree: DirNode, version: string): void {
  const directory = `usr/lib/modules/${version}`;
  for (const [from, to] of [
    ["vmlinuz", "vmlinuz"],
    ["config", "config"],
    ["System.map", "System.map"],
  ]) {
    move(tree, `boot/${from}-${version}`, `${directory}/${to}`);
  }
}

/**
 * Gives kernel and initramfs a second name, which older releases of libostree look for (rpm-ostree's `boot-location: new`,
 * rpmostree-kernel.cxx `rpmostree_finalize_kernel`). The sum is that of both, one after the other.
 */
export function linkBootFiles(tree: DirNode, version: string): void {
  const kernel = lookupFile(tree, `usr/lib/modules/${version}/vmlinuz`);
  if (!kernel) return;
  const initramfs = lookupFile(tree, `usr/lib/modules/${version}/initramfs.img`);
  const hash = createHash("sha256").update(readNode(kernel));
  if (initramfs) hash.update(readNode(initramfs));
  const sum = hash.digest("hex");
  put(tree, `usr/lib/ostree-boot/vmlinuz-${version}-${sum}`, kernel);
  if (initramfs) put(tree, `usr/lib/ostree-boot/initramfs-${version}.img-${sum}`, initramfs);
}
