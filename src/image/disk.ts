// SPDX-License-Identifier: Apache-2.0
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeDirectories } from "../base/index.ts";
import { makeExt4, setImmutableInside, setInodeTimes } from "./ext4.ts";
import { makeFat } from "./fat.ts";
import { encodeGpt, sectorSize } from "./gpt.ts";
import { makeGrub, patchMbr, placeCore, type GrubFiles } from "./grub.ts";
import type { UuidSource } from "./guid.ts";
import { partitionOffset, partitionSize, planLayout, type DiskLayout } from "./layout.ts";

export interface DiskOptions {
  /** Directory that becomes the root file system. */
  readonly source: string;
  /** Bytes, a multiple of 1 MiB. */
  readonly size: number;
  /** Label of the root file system, by which boot loader and kernel find it. */
  readonly label: string;
  readonly uuids: UuidSource;
  /** Seconds since 1970, for all that the disk itself has of times; absent: now, and inodes as in the source. */
  readonly timestamp?: number;
  /** Directories inside of the root file system that get the immutable flag. */
  readonly immutable: readonly string[];
  readonly scratch: string;
  /** There is a disk at the path, whatever is on it; default: a sparse file is made. */
  readonly existing?: boolean;
}

/**
 * Writes a disk with partitions, boot loaders and the root file system into a new sparse file, or over a disk. Nothing is mounted and
 * no loop device is used, so that it works in containers too.
 */
export async function writeDisk(path: string, options: DiskOptions): Promise<DiskLayout> {
  const layout = planLayout(options.size, options.uuids);
  makeDirectories(options.scratch);
  const grub = await makeGrub(options.scratch, options.label);
  writeTables(path, options, layout, grub);
  await makeFat(path, layout.efiSystem, {
    label: "EFI-SYSTEM",
    volumeId: Number.parseInt(options.uuids("efi-system volume").slice(0, 8), 16),
    timestamp: options.timestamp ?? Math.floor(Date.now() / 1000),
    // The removable media path (UEFI specification 2.10, section 3.5.1.1): found without a boot variable.
    files: new Map([["EFI/BOOT/BOOTX64.EFI", grub.efi]]),
    scratch: join(options.scratch, "fat"),
  });
  await makeExt4(path, layout.root, {
    label: options.label,
    uuid: options.uuids("root file system"),
    hashSeed: options.uuids("root hash seed"),
    source: options.source,
    zeroed: options.existing !== true,
    ...(options.timestamp === undefined ? {} : { timestamp: options.timestamp }),
  });
  await setImmutableInside(path, layout.root, options.immutable);
  if (options.timestamp !== undefined) await setInodeTimes(path, layout.root, options.timestamp);
  return layout;
}

function writeTables(
  path: string,
  { size, existing = false }: Pick<DiskOptions, "size" | "existing">,
  layout: DiskLayout,
  grub: GrubFiles,
): void {
  const { start, end } = encodeGpt(layout.table);
  patchMbr(start.subarray(0, sectorSize), grub.boot, layout.biosBoot.first);
  const core = placeCore(grub.core, layout.biosBoot.first, partitionSize(layout.biosBoot));
  const fd = openSync(path, existing ? "r+" : "wx", 0o644);
  try {
    if (!existing) ftruncateSync(fd, size);
    writeAt(fd, start, 0);
    writeAt(fd, core, partitionOffset(layout.biosBoot));
    writeAt(fd, end, size - end.length);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAt(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
