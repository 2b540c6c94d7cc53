// SPDX-License-Identifier: Apache-2.0
/** Reading content objects from their files, in each mode's way (ostree-repo.c: _ostree_repo_load_file_bare). */
import { hash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createInflateRaw, inflateRawSync } from "node:zlib";
import { getXattr, inflateWhole, readXattrs, viewXattr } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import {
  archiveHeaderLength,
  decodeArchiveHeader,
  decodeUserMeta,
  encodeFileHeader,
  canonicalXattrs,
} from "./file-object.ts";
import { type Checksum, type FileHeader, isSymlinkMode, type RepoMode } from "./model.ts";
import { readSplitXattrs } from "./split-xattrs.ts";

/** A content object. Content is empty for a symbolic link. */
export interface LoadedFile {
  readonly header: FileHeader;
  /** Bytes of the content. */
  readonly size: number;
  /** The content whole; for files of any size use `stream`. */
  content(): Buffer;
  stream(): Readable;
}

/** Compressed content above this size is read as a stream: memory must not grow with it. */
export const inflateLimit = 16 << 20;

/** @param path of the object's file. System errors are passed on. */
export function loadContent(path: string, mode: RepoMode): LoadedFile {
  if (mode === "archive") return loadArchive(path);
  if (mode === "bare-user") return loadBareUser(path);
  return loadBare(path, mode);
}

const nothing = Buffer.alloc(0);
const emptyContent = { size: 0, content: () => nothing, stream: () => Readable.from([]) };

function plainContent(path: string, size: number): Omit<LoadedFile, "header"> {
  if (size === 0) return emptyContent;
  return { size, content: () => readFileSync(path), stream: () => createReadStream(path) };
}

function loadBare(path: string, repoMode: RepoMode): LoadedFile {
  const { mode, size, uid, gid } = lstatSync(path);
  const symlink = isSymlinkMode(mode) ? readlinkSync(path) : "";
  // Owners and attributes are not stored in bare-user-only: the checksum was made with zeros and none.
  const header =
    repoMode === "bare-user-only"
      ? { uid: 0, gid: 0, mode, symlink, xattrs: [] }
      : {
          uid,
          gid,
          mode,
          symlink,
          xattrs: repoMode === "bare" ? canonicalXattrs(readXattrs(path)) : readSplitXattrs(path),
        };
  return { header, ...plainContent(path, symlink === "" ? size : 0) };
}

/** A longer target is refused by the kernel (PATH_MAX). */
const symlinkLimit = 4096;

function loadBareUser(path: string): LoadedFile {
  const meta = getXattr(path, "user.ostreemeta");
  const { size } = lstatSync(path);
  if (meta === undefined) throw ostreeError("corrupt-object", `${path}: no attribute user.ostreemeta`);
  const target = () => {
    if (size > symlinkLimit) throw ostreeError("corrupt-object", `${path}: symlink target of ${size} bytes`);
    return readFileSync(path, "utf8").replace(/\0$/, "");
  };
  const header = decodeUserMeta(meta, target, path);
  return { header, ...plainContent(path, isSymlinkMode(header.mode) ? 0 : size) };
}

/**
 * Whether the object's file can stand as it is in a checkout: in bare also a symbolic link, else a regular file that its
 * owner may read; with content, for so many files are empty that their one object could reach the limit of hard links.
 * Only for bare modes. One system call.
 */
export function isLinkable(path: string, checksum: Checksum, mode: RepoMode): boolean {
  if (mode !== "bare-user") {
    const stat = lstatSync(path);
    return stat.isSymbolicLink() ? mode === "bare" : stat.size > 0;
  }
  const meta = viewXattr(path, "user.ostreemeta");
  if (meta !== undefined) return linkableMeta(meta, path) && emptyChecksum(meta, path) !== checksum;
  throw ostreeError("corrupt-object", `${path}: no attribute user.ostreemeta`);
}

function linkableMeta(meta: Buffer, what: string): boolean {
  if (meta.length < 12) throw ostreeError("corrupt-object", `${what}: malformed attribute user.ostreemeta`);
  const mode = meta.readUInt32BE(8);
  return !isSymlinkMode(mode) && (mode & 0o400) !== 0;
}

/** There are few different headers, and many files: the checksum of an empty file tells one without looking at its size. */
const emptyChecksums = new Map<string, Checksum>();
const emptyChecksumLimit = 10_000;

function emptyChecksum(meta: Buffer, what: string): Checksum {
  const key = meta.toString("latin1");
  let checksum = emptyChecksums.get(key);
  if (checksum === undefined) {
    checksum = hash("sha256", encodeFileHeader(decodeUserMeta(meta, () => "", what)), "hex") as Checksum;
    if (emptyChecksums.size < emptyChecksumLimit) emptyChecksums.set(key, checksum);
  }
  return checksum;
}

/** Enough for nearly every header; a longer one is read in a second call. */
const headerGuess = 4096;

function loadArchive(path: string): LoadedFile {
  const { header, size, contentOffset } = readArchiveHead(path);
  if (isSymlinkMode(header.mode)) return { header, ...emptyContent };
  return {
    header,
    size,
    content: () => inflateExactly(readCompressed(path, contentOffset), size, path),
    stream: () => Readable.from(inflateStream(path, contentOffset, size), { objectMode: false }),
  };
}

/** Compressed content waits here to be decompressed; a buffer for each would be garbage by the gigabyte. */
let scratch: Buffer | undefined;
const scratchSize = 1 << 20;

function readCompressed(path: string, contentOffset: number): Buffer {
  scratch ??= Buffer.allocUnsafeSlow(scratchSize);
  const fd = openSync(path, "r");
  try {
    const length = fstatSync(fd).size - contentOffset;
    const bytes = length <= scratchSize ? scratch : Buffer.allocUnsafeSlow(length);
    return bytes.subarray(0, readInto(fd, bytes, contentOffset, length));
  } finally {
    closeSync(fd);
  }
}

async function* inflateStream(path: string, contentOffset: number, size: number): AsyncGenerator<Buffer> {
  let done = 0;
  const inflate = createInflateRaw();
  // The callback's error is thrown by the iteration too.
  pipeline(createReadStream(path, { start: contentOffset }), inflate, () => {});
  try {
    for await (const piece of inflate as AsyncIterable<Buffer>) {
      done += piece.length;
      if (done > size) break;
      yield piece;
    }
  } catch (cause) {
    throw ostreeError("corrupt-object", `${path}: content cannot be decompressed`, { cause });
  }
  if (done !== size) throw ostreeError("corrupt-object", `${path}: content is not of ${size} bytes`);
}

/** @param size the announced size: output beyond it is a decompression bomb, not content */
export function inflateExactly(compressed: Uint8Array, size: number, what: string): Buffer {
  const whole = inflateWhole(compressed, size);
  if (whole !== undefined) return whole;
  try {
    // The output in one piece of the right size is 1.4 times as fast as in pieces of the default size. Deflate expands
    // at most 1032 times: an absurd announced size is not allocated.
    const chunkSize = Math.max(64, Math.min(size + 1, compressed.length * 1032 + 64));
    const content = inflateRawSync(compressed, { maxOutputLength: size + 1, chunkSize });
    if (content.length === size) return content;
    throw ostreeError("corrupt-object", `${what}: ${content.length} bytes of content instead of ${size}`);
  } catch (cause) {
    if (ostreeError.is(cause, "corrupt-object")) throw cause;
    throw ostreeError("corrupt-object", `${what}: content cannot be decompressed to ${size} bytes`, { cause });
  }
}

/** Head of a `.filez` file. */
export function readArchiveHead(path: string): ReturnType<typeof decodeArchiveHeader> {
  const fd = openSync(path, "r");
  try {
    const first = readUpTo(fd, headerGuess);
    const length = 8 + archiveHeaderLength(first, path);
    const enough = length <= first.length || first.length === fstatSync(fd).size;
    return decodeArchiveHeader(enough ? first : readUpTo(fd, length), path);
  } finally {
    closeSync(fd);
  }
}

function readUpTo(fd: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readInto(fd, bytes, 0, length));
}

/** Reads up to `length` bytes from `offset` of the file; how many there were. */
function readInto(fd: number, bytes: Buffer, offset: number, length: number): number {
  let done = 0;
  for (let got = -1; got !== 0 && done < length; done += got) {
    got = readSync(fd, bytes, done, length - done, offset + done);
  }
  return done;
}
