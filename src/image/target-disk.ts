// SPDX-License-Identifier: Apache-2.0
/** The disk of a machine, or a file that stands for one, looked at before it is written over. */
import { closeSync, constants, openSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { isErrno, listDirectory, readTextIfExists, run } from "../base/index.ts";
import { imageError } from "./errors.ts";
import { sectorSize } from "./gpt.ts";
import { mebibyte } from "./layout.ts";

export interface TargetDisk {
  readonly path: string;
  /** False: a file. */
  readonly isDevice: boolean;
  /** Bytes, in whole mebibytes. */
  readonly size: number;
  /** Names of what is on it: partition tables, file systems, members of arrays. */
  readonly found: readonly string[];
}

/** Throws unless it is a whole disk that nobody uses. Nothing is written. */
export async function inspectDisk(given: string): Promise<TargetDisk> {
  const path = resolveDisk(given);
  const stat = statSync(path);
  const bytes = stat.isFile() ? fileSize(path, stat.size) : deviceSize(path);
  const { stdout } = await run("wipefs", ["--no-act", "--noheadings", "--output=TYPE", path]);
  const found = [...new Set(stdout.split("\n").map((line) => line.trim()))].filter((type) => type !== "");
  return { path, isDevice: stat.isBlockDevice(), size: bytes - (bytes % mebibyte), found };
}

function resolveDisk(given: string): string {
  try {
    const path = realpathSync(given);
    const stat = statSync(path);
    if (stat.isFile() || stat.isBlockDevice()) return path;
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
  }
  throw imageError("unusable-option", `${given} is neither a disk nor a file`, { hint: "lsblk  lists the disks" });
}

/** @param path a link resolved: the kernel tells the whole path */
function fileSize(path: string, size: number): number {
  for (const name of listDirectory("/sys/block"))
    if (readTextIfExists(`/sys/block/${name}/loop/backing_file`)?.trim() === path) throw inUse(path);
  return size;
}

function deviceSize(path: string): number {
  const directory = join("/sys/class/block", basename(path));
  const fact = (name: string) => readTextIfExists(join(directory, name))?.trim();
  if (fact("partition") !== undefined)
    throw imageError("unusable-option", `${path} is a partition: the whole disk is written`, { hint: "lsblk" });
  if (fact("queue/logical_block_size") !== String(sectorSize))
    throw imageError("unusable-option", `${path} does not have sectors of ${sectorSize} bytes`);
  refuseInUse(path);
  // In units of 512 bytes whatever the sectors are (the kernel's Documentation/ABI/stable/sysfs-block).
  return Number(fact("size") ?? 0) * 512;
}

/** The kernel gives a disk to one holder: a mount of it or of a partition, an array, a logical volume (open(2), O_EXCL). */
function refuseInUse(path: string): void {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_EXCL));
  } catch (cause) {
    if (isErrno(cause, "EBUSY")) throw inUse(path, cause);
    throw cause;
  }
}

function inUse(path: string, cause?: unknown) {
  return imageError("disk-in-use", `${path} is in use`, { cause, hint: `lsblk ${path}  shows by what` });
}
