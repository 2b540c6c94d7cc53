// SPDX-License-Identifier: Apache-2.0
import type { TarType } from "./tar-header.ts";

/** inode(7), "The file type and mode": the bits of the type. */
const S_IFMT = 0o170000;

const types: ReadonlyMap<number, Exclude<TarType, "hardlink">> = new Map([
  [0o010000, "fifo"],
  [0o020000, "character"],
  [0o040000, "directory"],
  [0o060000, "block"],
  [0o100000, "file"],
  [0o120000, "symlink"],
] as const);

/** What a mode says that a file is, in the words of archives; `undefined` for a socket, which no archive holds, and for what is no type. */
export function fileTypeOf(mode: number): Exclude<TarType, "hardlink"> | undefined {
  return types.get(mode & S_IFMT);
}
