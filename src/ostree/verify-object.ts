// SPDX-License-Identifier: Apache-2.0
import { createHash, hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { inflateSmall, viewXattrOf } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { archiveHeaderLength, decodeArchiveHeader, decodeUserMeta, encodeFileHeader } from "./file-object.ts";
import { headroom, readSmall, readSmallWith, scratchSize } from "./read-small.ts";
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

/** Checks a metadata object's bytes against its checksum alone. */
export function compareBytes(type: ObjectType, expected: Checksum, bytes: Uint8Array): void {
  compareChecksum(type, expected, hash("sha256", bytes, "hex"));
}

/** Checks a metadata object's bytes: checksum first, then form. */
export function verifyMetadata(type: ObjectType, expected: Checksum, bytes: Uint8Array): void {
  compareBytes(type, expected, bytes);
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
  return joinedChecksum(encodeFileHeader(header), content);
}

function joinedChecksum(head: Uint8Array, content: Uint8Array): string {
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
  if (mode === "bare-user") return verifyBareUser(path, checksum);
  const file = loadContent(path, mode);
  if (file.size > memoryLimit) return verifyStreamed(file, checksum);
  if (file.size > scratchSize) return compareChecksum("file", checksum, fileChecksum(file.header, file.content()));
  const content = file.size === 0 ? nothing : readObject(path, memoryLimit, type);
  compareChecksum(type, checksum, headedChecksum(encodeFileHeader(file.header), content));
}

const nothing = Buffer.alloc(0);

function verifyBareUser(path: string, checksum: Checksum): Promise<void> | void {
  let meta: Buffer | undefined;
  const content = readSmallWith(path, (fd) => (meta = viewXattrOf(fd, "user.ostreemeta")));
  // What is large, or has no header, is rare.
  if (!content || !meta) return verifyLoaded(path, checksum, "bare-user");
  const stored = meta;
  const head = userHeads.get(stored, () => decodeUserMeta(stored, () => symlinkTarget(content), path));
  compareChecksum("file", checksum, headedChecksum(head.bytes, head.linked ? nothing : content));
}

/** Stored with a NUL at its end. */
function symlinkTarget(content: Buffer): string {
  return content.toString("utf8").replace(/\0$/, "");
}

function verifyLoaded(path: string, checksum: Checksum, mode: RepoMode): Promise<void> | void {
  const file = loadContent(path, mode);
  if (file.size > memoryLimit) return verifyStreamed(file, checksum);
  compareChecksum("file", checksum, fileChecksum(file.header, file.content()));
}

function verifyArchived(path: string, checksum: Checksum): Promise<void> | void {
  const bytes = readSmall(path);
  if (!bytes) return verifyStreamed(loadContent(path, "archive"), checksum);
  const what = `${checksum}.filez`;
  const { head, size, contentOffset } = archivedHead(bytes, what);
  if (size > memoryLimit) return verifyStreamed(loadContent(path, "archive"), checksum);
  const content = head.linked ? nothing : inflateContent(bytes.subarray(contentOffset), size, what);
  compareChecksum("file", checksum, headedChecksum(head.bytes, content));
}

/** As `decodeArchiveHeader`, with what is hashed before the content. */
export function archivedHead(bytes: Buffer, what: string): { head: Head; size: number; contentOffset: number } {
  const contentOffset = 8 + archiveHeaderLength(bytes, what);
  if (contentOffset < 16 || bytes.length < contentOffset) {
    throw ostreeError("corrupt-object", `${what}: truncated header`);
  }
  // After the size, which is of this file, comes what many have alike.
  const head = archiveHeads.get(bytes.subarray(16, contentOffset), () => decodeArchiveHeader(bytes, what).header);
  const size = bytes.readBigUInt64BE(8);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw ostreeError("corrupt-object", `${what}: absurd size ${size}`);
  return { head, size: Number(size), contentOffset };
}

interface Head {
  readonly header: FileHeader;
  /** What is hashed before the content. */
  readonly bytes: Buffer;
  readonly linked: boolean;
}

/** There are many files and few different headers: decoded once, and encoded once as they are hashed. */
class Heads {
  readonly #known = new Map<string, Head>();

  /** @param stored bytes that the header is decoded from, apart from the target of a symbolic link */
  get(stored: Buffer, decode: () => FileHeader): Head {
    const key = stored.toString("latin1");
    const known = this.#known.get(key);
    if (known) return known;
    const header = decode();
    const head = { header, bytes: encodeFileHeader(header), linked: isSymlinkMode(header.mode) };
    if (!head.linked && this.#known.size < headLimit) this.#known.set(key, head);
    return head;
  }
}

/** A repository with other attributes for every file must not fill our memory. */
const headLimit = 1000;
const archiveHeads = new Heads();
const userHeads = new Heads();

/** The content of a `.filez` for use at once: valid until the next call, with `inflateHeadroom` bytes before it or none. */
export function inflateContent(compressed: Uint8Array, size: number, what: string): Buffer {
  return inflateSmall(compressed, size) ?? inflateExactly(compressed, size, what);
}

/** @param content as `readSmall` or `inflateContent` gave it: the head is put before it where there is room */
export function headedChecksum(head: Buffer, content: Buffer): string {
  const roomy = content.byteOffset === headroom && content.buffer.byteLength > scratchSize;
  if (!roomy || head.length > headroom) return joinedChecksum(head, content);
  const whole = Buffer.from(content.buffer, headroom - head.length, head.length + content.length);
  whole.set(head);
  return hash("sha256", whole, "hex");
}

/** The bytes of an object's file, valid until the next call. */
export function readObject(path: string, limit: number, type: ObjectType): Buffer {
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
