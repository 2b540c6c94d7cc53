// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, lstatIfExists, unlessErrno } from "../base/index.ts";
import { hostError } from "./errors.ts";
import { findLegacyKernel } from "./legacy-kernel-layout.ts";
import type { BootFile, KernelLayout } from "./model.ts";

export interface KernelOptions {
  readonly withoutDeviceTrees?: boolean;
}

/** Finds the kernel of a tree on disk; the older layouts count only where the present one lacks kernel or initramfs. */
export function findKernel(tree: string, options: KernelOptions = {}): KernelLayout {
  const modern = findModuleKernel(tree, options);
  const legacy = findLegacyKernel(tree);
  if (modern?.initramfs === undefined && legacy?.initramfs !== undefined) return legacy;
  const found = modern ?? legacy;
  if (found !== undefined) return found;
  throw hostError("no-kernel", "Failed to find kernel in /usr/lib/modules, /usr/lib/ostree-boot or /boot");
}

/**
 * `get_kernel_from_tree_usrlib_modules`. With several versions the first in name order counts, as a rule for all hosts.
 */
function findModuleKernel(tree: string, options: KernelOptions): KernelLayout | undefined {
  const modules = join(tree, "usr/lib/modules");
  const version = listDirectory(modules).find((name) => isFile(join(modules, name, "vmlinuz")));
  if (version === undefined) return undefined;
  const directory = join(modules, version);
  const initramfs = ["initramfs.img", "initramfs"].find((name) => isFile(join(directory, name)));
  return {
    version,
    directory,
    kernel: { source: "vmlinuz", name: `vmlinuz-${version}` },
    initramfs: initramfs === undefined ? undefined : { source: initramfs, name: `initramfs-${version}.img` },
    deviceTree: options.withoutDeviceTrees === true ? undefined : findDeviceTree(directory, version),
    hmac: isFile(join(directory, ".vmlinuz.hmac"))
      ? { source: ".vmlinuz.hmac", name: `.vmlinuz-${version}.hmac` }
      : undefined,
    aboot: isFile(join(directory, "aboot.img")) ? { source: "aboot.img", name: `aboot-${version}.img` } : undefined,
    checksum: undefined,
  };
}

function findDeviceTree(directory: string, version: string): KernelLayout["deviceTree"] {
  if (isFile(join(directory, "devicetree"))) {
    return { source: "devicetree", name: `devicetree-${version}`, directory: false };
  }
  const isDirectory = unlessErrno(["ENOENT"], () => statSync(join(directory, "dtb")).isDirectory());
  return isDirectory === true ? { source: "dtb", name: "dtb", directory: true } : undefined;
}

function isFile(path: string): boolean {
  return unlessErrno(["ENOENT", "ENOTDIR"], () => statSync(path).isFile()) ?? false;
}

/** All that is copied to /boot. */
export function bootFiles(layout: KernelLayout): BootFile[] {
  return [layout.kernel, layout.initramfs, layout.deviceTree, layout.hmac, layout.aboot].filter(
    (file) => file !== undefined,
  );
}

/** SHA-256 over kernel, initramfs and device trees, one after the other: the name of their directory in /boot. */
export function bootChecksum(layout: KernelLayout): string {
  if (layout.checksum !== undefined) return layout.checksum;
  const hash = createHash("sha256");
  for (const file of [layout.kernel, layout.initramfs, layout.deviceTree]) {
    if (file !== undefined) hashPath(join(layout.directory, file.source), hash);
  }
  return hash.digest("hex");
}

/** Directories in name order (`checksum_dir_recurse`); symlinks are followed for files, as libostree opens them. */
function hashPath(path: string, hash: Hash): void {
  if (lstatIfExists(path)?.isDirectory() !== true) hashFile(path, hash);
  else for (const name of readdirSync(path).sort()) hashPath(join(path, name), hash);
}

const block = Buffer.allocUnsafeSlow(1 << 20);

function hashFile(path: string, hash: Hash): void {
  const fd = openSync(path, "r");
  try {
    for (let count; (count = readSync(fd, block)) > 0;) hash.update(block.subarray(0, count));
  } finally {
    closeSync(fd);
  }
}
