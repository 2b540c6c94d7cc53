// SPDX-License-Identifier: Apache-2.0
import { closeSync, fsyncSync, linkSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { copyFile, copyTree, isErrno, lstatIfExists, makeDirectories, temporaryName } from "../base/index.ts";
import { bootDirectory } from "./boot-entries.ts";
import { bootFiles } from "./kernel-layout.ts";
import type { BootFile, KernelLayout } from "./model.ts";

/**
 * Puts a tree's kernel and what goes with it into `boot/ostree/STATEROOT-BOOTCHECKSUM`, by hard link where boot is on
 * the same file system (`install_into_boot`). Files that are there are complete: each appears by rename or link.
 */
export function installKernel(
  boot: string,
  kernel: KernelLayout,
  of: { stateroot: string; bootChecksum: string },
): void {
  const directory = join(boot, bootDirectory(of));
  makeDirectories(directory);
  for (const file of bootFiles(kernel)) installFile(join(kernel.directory, file.source), directory, file);
}

export function installFile(source: string, directory: string, file: BootFile): void {
  const target = join(directory, file.name);
  if (lstatIfExists(target) !== undefined) return;
  if (statSync(source).isDirectory()) installDirectory(source, target);
  else if (!tryLink(source, target)) installCopy(source, target);
}

function tryLink(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch (error) {
    if (isErrno(error, "EXDEV", "EMLINK", "EPERM")) return false;
    throw error;
  }
}

/** Labels are left behind: those of a kernel below /usr are wrong in /boot. */
function installCopy(source: string, target: string): void {
  const temporary = temporaryName(dirname(target));
  try {
    copyFile(source, temporary, { withoutXattrs: true });
    const fd = openSync(temporary, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function installDirectory(source: string, target: string): void {
  const temporary = temporaryName(dirname(target));
  try {
    copyTree(source, temporary, { withoutXattrs: true });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Bytes that installing the kernel set would take on boot, counted in whole blocks; what is there takes none. */
export function kernelSetSize(
  boot: string,
  kernel: KernelLayout,
  of: { stateroot: string; bootChecksum: string },
  blockSize: number,
): number {
  const directory = join(boot, bootDirectory(of));
  const missing = bootFiles(kernel).filter((file) => lstatIfExists(join(directory, file.name)) === undefined);
  const sizes = missing.map((file) => treeSize(join(kernel.directory, file.source), blockSize));
  return sizes.reduce((sum, size) => sum + size, missing.length > 0 ? blockSize : 0);
}

function treeSize(path: string, blockSize: number): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return Math.ceil(stat.size / blockSize) * blockSize;
  return readdirSync(path).reduce((sum, name) => sum + treeSize(join(path, name), blockSize), blockSize);
}
