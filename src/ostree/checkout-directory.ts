// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, closeSync, fsyncSync, openSync, utimesSync } from "node:fs";

/** What a directory of a checkout becomes when it is complete; plain data, so that worker threads can be given it. */
export interface DirectoryEnd {
  /** Permissions. */
  readonly mode: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Whether its times become those of the epoch. */
  readonly epoch: boolean;
  readonly fsync: boolean;
  /** Whether this may be while the directories in it are not complete. */
  readonly safeBeforeChildren: boolean;
}

export function endDirectory(path: string, { mode, owner, epoch, fsync }: DirectoryEnd): void {
  if (owner) chownSync(path, owner.uid, owner.gid);
  chmodSync(path, mode);
  if (epoch) utimesSync(path, 0, 0);
  if (fsync) syncPath(path);
}

function syncPath(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
