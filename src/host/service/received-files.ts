// SPDX-License-Identifier: Apache-2.0
/** Package files that a client sends as open file descriptors. */
import { closeSync, fstatSync, mkdtempSync, openSync, read, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeDirectories, removeTree } from "../../base/index.ts";
import { type Descriptors, errorReply } from "../../bus/index.ts";
import { busErrors } from "./bus-error.ts";

/** Bytes of one file: a sparse one must not fill the disk. */
const fileLimit = 1 << 30;
const chunkSize = 1 << 20;
// Not on the main thread: a file of the client's own file system may keep us waiting.
const readFrom = promisify(read);

/** Files of our own; gone with this. */
export interface ReceivedFiles extends Disposable {
  /** By the indices that were asked for. */
  readonly paths: ReadonlyMap<number, string>;
}

/**
 * Copies what the client may still write to, so that what is checked is what is used.
 * @param directory made when missing
 */
export async function receiveFiles(
  descriptors: Descriptors,
  indices: readonly number[],
  directory: string,
): Promise<ReceivedFiles> {
  makeDirectories(directory);
  const own = mkdtempSync(join(directory, "received-"));
  const paths = new Map<number, string>();
  try {
    for (const index of indices) {
      const path = join(own, `${index}.package`);
      await copy(descriptors.at(index), path);
      paths.set(index, path);
    }
  } catch (error) {
    removeTree(own);
    throw error;
  }
  return { paths, [Symbol.dispose]: () => removeTree(own) };
}

async function copy(from: number, path: string): Promise<void> {
  if (!fstatSync(from).isFile()) throw errorReply(busErrors.invalidArgs, "A file descriptor is of no regular file");
  const to = openSync(path, "wx", 0o600);
  try {
    const chunk = Buffer.alloc(chunkSize);
    for (let at = 0; ;) {
      // By position: the descriptor shares its place in the file with the client's.
      const { bytesRead } = await readFrom(from, chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      if (at > fileLimit) throw errorReply(busErrors.invalidArgs, `A package file of more than ${fileLimit} bytes`);
      for (let written = 0; written < bytesRead;) written += writeSync(to, chunk, written, bytesRead - written);
    }
  } finally {
    closeSync(to);
  }
}
