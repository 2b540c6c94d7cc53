// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readdirSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { imageError } from "./errors.ts";
import { layoutOverhead, mebibyte } from "./layout.ts";

export interface TreeSize {
  /** Bytes in blocks of 4096, hard links counted once. */
  readonly bytes: number;
  /** Files, directories and links. */
  readonly inodes: number;
}

const block = 4096;

/** Measures what a directory needs on a file system. */
export function measureTree(root: string): TreeSize {
  const seen = new Set<number>();
  let bytes = 0;
  let inodes = 0;
  const visit = (path: string) => {
    const stat = lstatSync(path);
    if (stat.nlink > 1 && !stat.isDirectory()) {
      if (seen.has(stat.ino)) return;
      seen.add(stat.ino);
    }
    inodes++;
    if (stat.isDirectory()) {
      bytes += Math.max(block, Math.ceil(stat.size / block) * block);
      for (const name of readdirSync(path)) visit(join(path, name));
    } else if (stat.isFile()) bytes += Math.ceil(stat.size / block) * block;
  };
  visit(root);
  return { bytes, inodes };
}

/** The journal, inode tables and reserve of a file system of a few GiB. */
const fileSystemOverhead = 200 * mebibyte;

/** Bytes that a disk with this content takes at least. */
export function smallestDisk(content: TreeSize): number {
  const needed = content.bytes * 1.05 + content.inodes * 256 + fileSystemOverhead + layoutOverhead;
  return Math.ceil(needed / mebibyte) * mebibyte;
}

/**
 * The disk's size: as asked for, or room for three releases and containers.
 * @param asked bytes
 */
export function chooseDiskSize(content: TreeSize, asked: number | undefined): number {
  const smallest = smallestDisk(content);
  if (asked !== undefined && asked < smallest) {
    throw imageError(
      "size",
      `the release needs ${smallest / mebibyte} MiB of disk, ${asked / mebibyte} MiB were given`,
      {
        hint: `give --size=${Math.ceil((smallest * 3) / (1024 * mebibyte))}G, which has room for updates too`,
      },
    );
  }
  return asked ?? Math.max(10 * 1024 * mebibyte, Math.ceil((smallest * 4) / mebibyte) * mebibyte);
}

/** Fails before anything is written when the file system of `output` cannot take `bytes` more. */
export function requireFreeSpace(output: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(output));
  const free = bavail * bsize;
  if (free >= bytes) return;
  const inMebibytes = (count: number) => `${Math.ceil(count / mebibyte)} MiB`;
  throw imageError("no-space", `${inMebibytes(bytes)} needed in ${dirname(output)}, ${inMebibytes(free)} are free`, {
    hint: "give an --output on another file system, or make room",
  });
}
