// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeDirectories, run } from "../base/index.ts";
import { sectorSize, type Partition } from "./gpt.ts";
import { partitionOffset, partitionSize } from "./layout.ts";

export interface FatOptions {
  readonly label: string;
  /** 32 bits. */
  readonly volumeId: number;
  /** Seconds since 1970 that all files get. */
  readonly timestamp: number;
  /** Path with slashes -> content. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Scratch directory. */
  readonly scratch: string;
}

/** Makes a FAT32 file system with files in a partition of the disk file `disk`, without mounting it. */
export async function makeFat(disk: string, partition: Partition, options: FatOptions): Promise<void> {
  const id = options.volumeId.toString(16).padStart(8, "0");
  const place = [`--offset=${partition.first}`, "-h", String(partition.first), "-S", String(sectorSize)];
  // One sector a cluster: so that 64 MiB hold enough clusters for FAT32. "invariant" leaves out the time of day.
  const kind = ["-F", "32", "-s", "1", "--invariant", "-i", id, "-n", options.label];
  // -I: of a whole disk mkfs.vfat wants to be told that it is meant.
  await run("mkfs.vfat", ["-I", ...kind, ...place, disk, String(partitionSize(partition) / 1024)]);
  const image = `${disk}@@${partitionOffset(partition)}`;
  const env = { SOURCE_DATE_EPOCH: String(options.timestamp), TZ: "UTC", MTOOLS_SKIP_CHECK: "1" };
  const local = join(options.scratch, "fat-file");
  const made = new Set<string>();
  makeDirectories(options.scratch);
  for (const [path, content] of options.files) {
    for (const directory of parents(path)) {
      if (!made.has(directory)) await run("mmd", ["-i", image, `::${directory}`], { env });
      made.add(directory);
    }
    writeFileSync(local, content);
    await run("mcopy", ["-i", image, local, `::${path}`], { env });
  }
}

/** `EFI/BOOT/X` -> `EFI`, `EFI/BOOT`. */
function parents(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}
