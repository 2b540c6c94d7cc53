// SPDX-License-Identifier: Apache-2.0
/** What the reader and the writer of tar archives share: the ustar header block of IEEE Std 1003.1 pax. */

export const blockSize = 512;

export type TarType = "file" | "hardlink" | "symlink" | "character" | "block" | "directory" | "fifo";

/** Type flags; `7` is a contiguous file, which is read as a file. */
export const types: ReadonlyMap<string, TarType> = new Map([
  ["0", "file"],
  ["\0", "file"],
  ["7", "file"],
  ["1", "hardlink"],
  ["2", "symlink"],
  ["3", "character"],
  ["4", "block"],
  ["5", "directory"],
  ["6", "fifo"],
]);

/** Start and length of each field. */
export const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  userName: [265, 32],
  groupName: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;
