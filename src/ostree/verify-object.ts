// SPDX-License-Identifier: Apache-2.0
import { createHash, hash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { inflateSmall } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { decodeArchiveHeader, encodeFileHeader } from "./file-object.ts";
import { inflateExactly, type LoadedFile, loadContent } from "./load-content.ts";
import { decodeDirTree } from "./dirtree-object.ts";
import { decodeCommit, decodeDirMeta } from "./metadata-objects.ts";
import {
  type Checksum,
  type FileHeader,
  isSymlinkMode,
  metadataLimit,
  type ObjectType,
  type RepoMode,
} from "./model.ts";

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
  checkForm(type, expected, bytes);
}

/** Checks that a metadata object is what its type says. */
export function checkForm(type: ObjectType, checksum: Checksum, bytes: Uint8Array): void {
  const what = `${checksum}.${type}`;
  if (type === "dirtree") decodeDirTree(bytes, what);
  else if (type === "dirmeta") decodeDirMeta(bytes, what);
  else if (type === "commit") decodeCommit(bytes, what);
}

/** Below this a copy beside the header is quicker than a hash object. */
const copiedHash = 32 << 10;

/** Checksum of a content object held in memory. */
export function fileChecksum(header: FileHeader, content: Uint8Array): string {
  const head = encodeFileHeader(header);
  if (content.length <= copiedHash) return hash("sha256", Buffer.concat([head, content]), "hex");
  return createHash("sha256").update(head).update(content).digest("hex");
}

/**
 * Checks a loose object against its name. Throws `ostree-corrupt-object` when it is damaged; a system error when it
 * cannot be read.
 * @param path of the object's file
 */
export function verifyObject(path: string, checksum: Checksum, type: ObjectType, mode: RepoMode): Promise<void> | void {
  if (type !== "file") return verifyMetadata(type, checksum, readObject(path, metadataLimit, type));
  if (mode === "archive") return verifyArchived(path, checksum);
  const file = loadContent(path, mode);
  if (file.size > memoryLimit) return verifyStreamed(file, checksum);
  const content = file.size === 0 ? Buffer.alloc(0) : readObject(path, memoryLimit, type);
  compareChecksum(type, checksum, fileChecksum(file.header, content));
}

function verifyArchived(path: string, checksum: Checksum): Promise<void> | void {
  const bytes = readSmall(path);
  if (!bytes) return verifyStreamed(loadContent(path, "archive"), checksum);
  const what = `${checksum}.filez`;
  const { header, size, contentOffset } = decodeArchiveHeader(bytes, what);
  if (size > memoryLimit) return verifyStreamed(loadContent(path, "archive"), checksum);
  const linked = isSymlinkMode(header.mode);
  const content = linked ? Buffer.alloc(0) : inflateContent(bytes.subarray(contentOffset), size, what);
  compareChecksum("file", checksum, fileChecksum(header, content));
}

/** The content of a `.filez` for use at once: valid until the next call. */
export function inflateContent(compressed: Uint8Array, size: number, what: string): Buffer {
  return inflateSmall(compressed, size) ?? inflateExactly(compressed, size, what);
}

/** Small files are read into one buffer: a new one for each costs more than the reading. Never used across a wait. */
const scratch = Buffer.allocUnsafeSlow(4 << 20);

/** The bytes of a file, valid until the next call; `undefined` when it is larger than the buffer. */
function readSmall(path: string): Buffer | undefined {
  const fd = openSync(path, "r");
  try {
    let done = readSync(fd, scratch, 0, scratch.length, null);
    for (let got = done; got > 0 && done < scratch.length; done += got) {
      got = readSync(fd, scratch, done, scratch.length - done, null);
    }
    return done < scratch.length ? scratch.subarray(0, done) : undefined;
  } finally {
    closeSync(fd);
  }
}

function readObject(path: string, limit: number, type: ObjectType): Buffer {
  const bytes = readSmall(path);
  if (bytes) return bytes;
  const { size } = statSync(path);
  if (size > limit) throw ostreeError("corrupt-object", `${size} bytes are too many for a ${type} object`);
  return readFileSync(path);
}

async function verifyStreamed(file: LoadedFile, checksum: Checksum): Promise<void> {
  compareChecksum("file", checksum, await streamedChecksum(file));
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
