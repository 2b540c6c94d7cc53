// SPDX-License-Identifier: Apache-2.0
import { imageError } from "./errors.ts";
import { lastUsable, partitionTypes, sectorSize, type Partition, type PartitionTable } from "./gpt.ts";
import type { UuidSource } from "./guid.ts";

export const mebibyte = 1024 * 1024;
const sectorsPerMebibyte = mebibyte / sectorSize;

/** Room for GRUB's core image, which is about 100 KB. */
const biosBootSize = 1 * mebibyte;
/** FAT32 needs 65525 clusters (Microsoft's FAT specification): 64 MiB holds them and firmware updates. */
const efiSystemSize = 64 * mebibyte;
const smallestRoot = 64 * mebibyte;

export interface DiskLayout {
  readonly table: PartitionTable;
  readonly biosBoot: Partition;
  readonly efiSystem: Partition;
  readonly root: Partition;
}

/** Bytes of a disk that are not the root file system's. */
export const layoutOverhead = mebibyte + biosBootSize + efiSystemSize + mebibyte;

/** Places the partitions on a disk of `size` bytes, a multiple of 1 MiB; all begin on a mebibyte. */
export function planLayout(size: number, uuids: UuidSource): DiskLayout {
  if (size % mebibyte !== 0 || size < layoutOverhead + smallestRoot) {
    throw imageError("size", `a disk of ${size} bytes cannot be laid out`, {
      hint: `give at least ${(layoutOverhead + smallestRoot) / mebibyte}M, in whole mebibytes`,
    });
  }
  let next = sectorsPerMebibyte;
  const place = (type: string, name: string, bytes: number): Partition => {
    const first = next;
    next += bytes / sectorSize;
    return { type, id: uuids(name), name, first, last: next - 1 };
  };
  const biosBoot = place(partitionTypes.biosBoot, "bios-boot", biosBootSize);
  const efiSystem = place(partitionTypes.efiSystem, "efi-system", efiSystemSize);
  const root = place(partitionTypes.rootX86_64, "root", size - layoutOverhead);
  const table = { diskId: uuids("disk"), sectors: size / sectorSize, partitions: [biosBoot, efiSystem, root] };
  if (root.last > lastUsable(table.sectors)) throw new Error("root partition reaches into the backup table");
  return { table, biosBoot, efiSystem, root };
}

export function partitionOffset(partition: Partition): number {
  return partition.first * sectorSize;
}

export function partitionSize(partition: Partition): number {
  return (partition.last - partition.first + 1) * sectorSize;
}

const units: Record<string, number> = { "": 1, K: 1024, M: mebibyte, G: 1024 * mebibyte, T: 1024 ** 2 * mebibyte };

/** Reads `10G`, `512M` or bytes; powers of 1024 as qemu-img(1) has them. Rounded up to a mebibyte. */
export function parseSize(text: string): number {
  const match = /^(\d{1,15})([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const bytes = match ? Number(match[1]) * (units[(match[2] ?? "").toUpperCase()] ?? 1) : 0;
  // 64 TiB is far over what a root file system needs; it stops sizes that are typing errors.
  if (bytes <= 0 || bytes > 64 * 1024 ** 4) {
    throw imageError("size", `${JSON.stringify(text)} is not a disk size`, { hint: "for example 10G or 8192M" });
  }
  return Math.ceil(bytes / mebibyte) * mebibyte;
}
