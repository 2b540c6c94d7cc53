// SPDX-License-Identifier: Apache-2.0
import { lstatSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { isErrno, listDirectory } from "../base/index.ts";
import {
  type Checksum,
  type DirNode,
  type FileNode,
  findNode,
  readTree,
  type Repo,
  type TreeNode,
} from "../ostree/index.ts";
import { bootDirectory } from "./boot-entries.ts";
import { hostError } from "./errors.ts";
import type { Deployment } from "./model.ts";
import type { Sysroot } from "./sysroot.ts";

/** What a change takes on one file system. */
export interface SpaceNeed {
  readonly bytes: number;
  readonly inodes: number;
}

export interface SpaceAvailable extends SpaceNeed {
  readonly blockSize: number;
}

const cleanupHint = "atomic host cleanup --rollback  frees what old deployments hold";

/** Left free in any case: boot entries, refs, journals, and a status that can still be written. */
export const reserve: SpaceNeed = { bytes: 4 << 20, inodes: 64 };

export function availableSpace(path: string): SpaceAvailable {
  const { bavail, bsize, ffree, files } = statfsSync(path);
  // File systems without a fixed number of inodes (btrfs) say 0 of 0.
  return { bytes: bavail * bsize, inodes: files === 0 ? Number.POSITIVE_INFINITY : ffree, blockSize: bsize };
}

/** Throws `host-no-space` with the numbers unless `need` and the reserve fit. */
export function requireSpace(path: string, need: SpaceNeed, available: SpaceAvailable, hint: string): void {
  const bytes = need.bytes + reserve.bytes;
  if (bytes > available.bytes) {
    const text = `${path} has ${formatSize(available.bytes)} free, ${formatSize(bytes)} are needed`;
    throw hostError("no-space", text, { hint });
  }
  if (need.inodes + reserve.inodes > available.inodes) {
    throw hostError("no-space", `${path} has room for ${available.inodes} more files, ${need.inodes} are needed`, {
      hint,
    });
  }
}

/**
 * Runs a change of the system root; a disk that fills up meanwhile becomes `host-no-space`. What was current before the
 * change still is, or what it was to make current: everything new is written beside it and switched to at once.
 */
export async function explainFullDisk<T>(sysroot: Sysroot, change: () => T | Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (cause) {
    if (!isErrno(cause, "ENOSPC", "EDQUOT")) throw cause;
    const free = (place: string) => formatSize(availableSpace(join(sysroot.path, place)).bytes);
    const text = `the disk is full: ${free("ostree")} free in ${join(sysroot.path, "ostree")}, ${free("boot")} in boot`;
    throw hostError("no-space", `${text}; what boots is whole: atomic host status`, { cause, hint: cleanupHint });
  }
}

export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}

/**
 * Checks that a commit which is in the repository can be deployed, before anything is written: directories and the copy
 * of /etc on the root file system (files are hard links), the kernel set on a separate boot.
 * @param kept the present deployments that stay; the kernels of others can go first (`planEarlyPrune`)
 */
export function checkDeploySpace(sysroot: Sysroot, checksum: Checksum, kept = sysroot.deployments): void {
  const tree = readTree(sysroot.repo, checksum);
  const root = availableSpace(join(sysroot.path, "ostree"));
  const need = add(checkoutNeed(tree, root.blockSize), imageNeed(tree, root.blockSize));
  requireSpace(join(sysroot.path, "ostree"), need, root, cleanupHint);
  if (!sysroot.bootIsSeparate) return;
  const { boot } = sysroot;
  const free = availableSpace(boot);
  const prunable = sysroot.booted !== undefined && !sysroot.flags.noEarlyPrune;
  const available = { ...free, bytes: free.bytes + (prunable ? reclaimableBytes(sysroot, kept) : 0) };
  requireSpace(boot, kernelNeed(tree, available.blockSize), available, cleanupHint);
}

/** Checks that what is copied over the running /usr fits beside the deployment, before anything is written. */
export function checkLiveSpace(sysroot: Sysroot, files: readonly Checksum[]): void {
  const place = join(sysroot.path, "ostree");
  const free = availableSpace(place);
  const size = (checksum: Checksum) => Math.ceil(objectSize(sysroot.repo, checksum) / free.blockSize) * free.blockSize;
  const bytes = files.reduce((sum, checksum) => sum + size(checksum), 0);
  requireSpace(place, { bytes, inodes: files.length }, free, cleanupHint);
}

/** What an entry takes in a composefs image: its inode, name and object, 163 bytes in a Debian tree; labels add to that. */
const imageEntrySize = 256;

/** Space for the composefs image of a tree, at the most. */
export function imageNeed(tree: DirNode, blockSize: number): SpaceNeed {
  const bytes = 2 * 4096 + countEntries(tree) * imageEntrySize;
  return { bytes: Math.ceil(bytes / blockSize) * blockSize, inodes: 1 };
}

function countEntries(node: TreeNode): number {
  if (node.kind !== "dir") return 1;
  return [...node.entries.values()].reduce((sum, child) => sum + countEntries(child), 1);
}

/** Space for a hard link checkout and its copy of usr/etc. */
export function checkoutNeed(tree: DirNode, blockSize: number): SpaceNeed {
  const etc = findNode(tree, "usr/etc");
  const directories = countDirectories(tree);
  const copies = etc === undefined ? { bytes: 0, inodes: 0 } : copyNeed(etc, blockSize);
  return { bytes: directories * blockSize + copies.bytes, inodes: directories + copies.inodes };
}

/** Space for the kernel sets of a tree, copied. Counted even when an equal set is in boot already: then it is not far from full. */
export function kernelNeed(tree: DirNode, blockSize: number): SpaceNeed {
  const modules = findNode(tree, "usr/lib/modules");
  const versions = modules?.kind === "dir" ? [...modules.entries.values()] : [];
  const names = ["vmlinuz", "initramfs.img", "initramfs", "devicetree", "dtb", ".vmlinuz.hmac"];
  const files = versions.flatMap((version) =>
    version.kind === "dir" ? names.flatMap((name) => version.entries.get(name) ?? []) : [],
  );
  return files.map((file) => copyNeed(file, blockSize)).reduce(add, { bytes: 0, inodes: 0 });
}

const add = (a: SpaceNeed, b: SpaceNeed): SpaceNeed => ({ bytes: a.bytes + b.bytes, inodes: a.inodes + b.inodes });

function countDirectories(node: TreeNode): number {
  if (node.kind !== "dir") return 0;
  return [...node.entries.values()].reduce((sum, child) => sum + countDirectories(child), 1);
}

function copyNeed(node: TreeNode, blockSize: number): SpaceNeed {
  if (node.kind === "file") return { bytes: Math.ceil(sourceSize(node) / blockSize) * blockSize, inodes: 1 };
  return [...node.entries.values()]
    .map((child) => copyNeed(child, blockSize))
    .reduce(add, { bytes: blockSize, inodes: 1 });
}

function sourceSize({ source }: FileNode): number {
  if (source.type === "object") return objectSize(source.repo, source.checksum);
  return source.type === "path" ? source.size : source.bytes.length;
}

function objectSize(repo: Repo, checksum: Checksum): number {
  return lstatSync(repo.objectPath(checksum, "file")).size;
}

/** Bytes of the kernel sets in boot that the list does not need. */
export function reclaimableBytes({ boot }: Sysroot, kept: readonly Deployment[]): number {
  const needed = new Set(kept.map(bootDirectory));
  const unneeded = listDirectory(join(boot, "ostree")).filter(
    (name) => /-[0-9a-f]{64}$/.test(name) && !needed.has(`ostree/${name}`),
  );
  return unneeded.reduce((sum, name) => sum + diskUsage(join(boot, "ostree", name)), 0);
}

function diskUsage(path: string): number {
  const stat = lstatSync(path);
  const own = stat.blocks * 512;
  return stat.isDirectory() ? listDirectory(path).reduce((sum, name) => sum + diskUsage(join(path, name)), own) : own;
}
