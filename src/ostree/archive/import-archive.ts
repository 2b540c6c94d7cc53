// SPDX-License-Identifier: Apache-2.0
/**
 * Archive -> tree (ostree-repo-libarchive.c). The archive is read once, front to back; each file is hashed and stored when
 * it is met, in workers, so that archives of any size are read in bounded memory.
 */
import { closeSync, openSync } from "node:fs";
import { silent } from "../../base/index.ts";
import { storeTasks } from "../store-tasks.ts";
import type { Transaction } from "../transaction.ts";
import type { DirNode } from "../tree.ts";
import { ArchiveImport } from "./archive-import.ts";
import type { ImportArchiveOptions } from "./import-options.ts";
import { openArchive } from "./open-archive.ts";

/**
 * Lays the content of a tar or cpio archive, compressed or not, over a tree.
 * @param from path of the archive, or an open file to read it from
 * @param tree what the archive is laid over; it is changed
 * @returns the tree; `undefined` when there was none and the archive has no root directory
 */
export async function importArchive(
  transaction: Transaction,
  tree: DirNode | undefined,
  from: string | number,
  options: ImportArchiveOptions = {},
): Promise<DirNode | undefined> {
  const fd = typeof from === "number" ? from : openSync(from, "r");
  const source = openArchive(fd, typeof from === "number" ? "the archive" : from);
  try {
    const archive = new ArchiveImport(transaction, tree, options);
    const { workers, progress = silent } = options;
    await storeTasks(transaction.store, archive.tasks(source), { workers, progress });
    return archive.finish();
  } finally {
    source.close();
    if (typeof from === "string") closeSync(fd);
  }
}
