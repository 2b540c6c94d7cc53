// SPDX-License-Identifier: Apache-2.0
import { createHash, hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { ostreeError } from "./errors.ts";
import { encodeFileHeader } from "./file-object.ts";
import { type LoadedFile, loadContent } from "./load-content.ts";
import { decodeCommit, decodeDirMeta, decodeDirTree } from "./metadata-objects.ts";
import { type Checksum, type FileHeader, metadataLimit, type ObjectType, type RepoMode } from "./model.ts";

/** Content up to this size is held in memory; more is streamed. */
export const memoryLimit = 16 << 20;

/** As _ostree_compare_object_checksum. */
export function compareChecksum(type: ObjectType, expected: Checksum, actual: string): void {
  if (expected === actual) return;
  const message = `Corrupted ${type} object; checksum expected='${expected}' actual='${actual}'`;
  throw ostreeError("corrupt-object", message);
}

/** Checks a metadata object's bytes: checksum first, then form. */
export function verifyMetadata(type: ObjectType, expected: Checksum, bytes: Uint8Array): void {
  compareChecksum(type, expected, hash("sha256", bytes, "hex"));
  const what = `${expected}.${type}`;
  if (type === "dirtree") decodeDirTree(bytes, what);
  else if (type === "dirmeta") decodeDirMeta(bytes, what);
  else if (type === "commit") decodeCommit(bytes, what);
}

/** Checksum of a content object held in memory. */
export function contentChecksum(header: FileHeader, content: Uint8Array): string {
  return hash("sha256", Buffer.concat([encodeFileHeader(header), content]), "hex");
}

/**
 * Checks a loose object against its name. Throws `ostree-corrupt-object` when it is damaged; a system error when it
 * cannot be read.
 * @param path of the object's file
 */
export async function verifyObject(path: string, checksum: Checksum, type: ObjectType, mode: RepoMode): Promise<void> {
  if (type !== "file") {
    const { size } = statSync(path);
    if (size > metadataLimit) throw ostreeError("corrupt-object", `${size} bytes are too many for a ${type} object`);
    verifyMetadata(type, checksum, readFileSync(path));
    return;
  }
  const file = loadContent(path, mode);
  if (file.size <= memoryLimit) compareChecksum(type, checksum, contentChecksum(file.header, file.content()));
  else compareChecksum(type, checksum, await streamedChecksum(file));
}

async function streamedChecksum(file: LoadedFile): Promise<string> {
  const sum = createHash("sha256").update(encodeFileHeader(file.header));
  let taken = 0;
  try {
    for await (const piece of file.stream() as AsyncIterable<Buffer>) {
      taken += piece.length;
      if (taken > file.size) break;
      sum.update(piece);
    }
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && String(cause.code).startsWith("Z_"))) throw cause;
    throw ostreeError("corrupt-object", "the content cannot be decompressed", { cause });
  }
  if (taken !== file.size) throw ostreeError("corrupt-object", `not the announced ${file.size} bytes of content`);
  return sum.digest("hex");
}
