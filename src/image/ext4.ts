// SPDX-License-Identifier: Apache-2.0
import { run } from "../base/index.ts";
import type { Partition } from "./gpt.ts";
import { partitionOffset, partitionSize } from "./layout.ts";

export interface Ext4Options {
  readonly label: string;
  readonly uuid: string;
  /** Seed of the hashes that order directories. */
  readonly hashSeed: string;
  /** Seconds since 1970 for the file system's own times; absent: now. */
  readonly timestamp?: number;
  /** Copied with owners, modes, extended attributes and hard links. */
  readonly source: string;
  /** The disk is a new sparse file: nothing needs to be zeroed, now or in the machine's background. */
  readonly zeroed: boolean;
}

const blockSize = 4096;

/**
 * Without what newer e2fsprogs turn on by default and GRUB 2.06 and 2.12 cannot read ("unknown filesystem"); with fs-verity
 * for the host to use on the objects of its repository.
 */
const features = "^metadata_csum_seed,^orphan_file,verity";

/** Makes an ext4 file system with the content of a directory in a partition of the disk file `disk`. */
export async function makeExt4(disk: string, partition: Partition, options: Ext4Options): Promise<void> {
  const extended = [
    `offset=${partitionOffset(partition)}`,
    `hash_seed=${options.hashSeed}`,
    "root_owner=0:0",
    ...(options.zeroed ? ["assume_storage_prezeroed=1"] : []),
    "nodiscard",
  ].join(",");
  const identity = ["-L", options.label, "-U", options.uuid, "-O", features, "-m", "1"];
  const blocks = String(partitionSize(partition) / blockSize);
  const args = ["-q", "-F", "-t", "ext4", "-b", String(blockSize), ...identity, "-E", extended];
  await run("mke2fs", [...args, "-d", options.source, disk, blocks], { env: fakeTime(options.timestamp) });
}

/** Older e2fsprogs take their own variable, newer ones also the common one. */
function fakeTime(timestamp: number | undefined): Record<string, string> {
  if (timestamp === undefined) return {};
  return { E2FSPROGS_FAKE_TIME: String(timestamp), SOURCE_DATE_EPOCH: String(timestamp) };
}

/**
 * Sets the times of access and of change of all inodes: mke2fs copies them, and nobody can set them on the source.
 * Inodes of a file system that mke2fs filled are used from the first on. It must be the last change: the file system's own
 * time of writing is set with it.
 */
export async function setInodeTimes(disk: string, partition: Partition, timestamp: number): Promise<void> {
  const target = fileSystemAt(disk, partition);
  const { stdout } = await run("dumpe2fs", ["-h", target]);
  const fact = (name: string) => Number(new RegExp(`^${name}: +(\\d+)$`, "m").exec(stdout)?.[1]);
  const used = fact("Inode count") - fact("Free inodes");
  const commands = [`set_current_time @${timestamp}`];
  for (let inode = 2; inode <= used; inode++) {
    for (const field of ["atime", "ctime"]) {
      commands.push(`set_inode_field <${inode}> ${field} @${timestamp}`, `set_inode_field <${inode}> ${field}_extra 0`);
    }
  }
  await run("debugfs", ["-w", "-f", "-", target], { input: `${commands.join("\n")}\n` });
}

/** What e2fsprogs takes for a file system at an offset inside of a file (ext2fs_open2, `io_options`). */
export function fileSystemAt(disk: string, partition: Partition): string {
  return `${disk}?offset=${partitionOffset(partition)}`;
}

const immutableFlag = 0x10;

/**
 * Sets the immutable flag on directories, as libostree does on deployment roots: mke2fs does not copy it.
 * @param paths absolute inside of the file system
 */
export async function setImmutableInside(disk: string, partition: Partition, paths: readonly string[]): Promise<void> {
  const target = fileSystemAt(disk, partition);
  const commands = [];
  for (const path of paths) {
    const flags = await readFlags(target, path);
    commands.push(`set_inode_field ${quote(path)} flags 0x${(flags | immutableFlag).toString(16)}`);
  }
  if (commands.length === 0) return;
  await run("debugfs", ["-w", "-f", "-", target], { input: `${commands.join("\n")}\n` });
  for (const path of paths) {
    // debugfs exits with 0 whatever happens.
    if (((await readFlags(target, path)) & immutableFlag) === 0) throw new Error(`debugfs set no flag on ${path}`);
  }
}

async function readFlags(target: string, path: string): Promise<number> {
  const { stdout, stderr } = await run("debugfs", ["-R", `stat ${quote(path)}`, target]);
  const match = /Flags: 0x([0-9a-f]+)/.exec(stdout);
  if (!match?.[1]) throw new Error(`debugfs: no flags of ${path}: ${stderr}`);
  return Number.parseInt(match[1], 16);
}

/** Quotes an argument for debugfs (libss: double quotes, doubled inside). */
function quote(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}
