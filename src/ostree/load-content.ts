// SPDX-License-Identifier: Apache-2.0
/** Reading content objects from their files, in each mode's way (ostree-repo.c: _ostree_repo_load_file_bare). */
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
import { Readable } from "node:stream";
import { createInflateRaw, inflateRawSync } from "node:zlib";
import { getXattr, readXattrs } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { archiveHeaderLength, decodeArchiveHeader, decodeUserMeta, sortXattrs } from "./file-object.ts";
import { type FileHeader, isSymlinkMode, type RepoMode } from "./model.ts";

/** A content object. Content is empty for a symbolic link. */
export interface LoadedFile {
  readonly header: FileHeader;
  /** Bytes of the content. */
  readonly size: number;
  /** The content whole; for files of any size use `stream`. */
  content(): Buffer;
  stream(): Readable;
}

/** @param path of the object's file. System errors are passed on. */
export function loadContent(path: string, mode: RepoMode): LoadedFile {
  if (mode === "archive") return loadArchive(path);
  if (mode === "bare-user") return loadBareUser(path);
  return loadBare(path, mode === "bare-user-only");
}

const nothing = Buffer.alloc(0);
const emptyContent = { size: 0, content: () => nothing, stream: () => Readable.from([]) };

function plainContent(path: string, size: number): Omit<LoadedFile, "header"> {
  if (size === 0) return emptyContent;
  return { size, content: () => readFileSync(path), stream: () => createReadStream(path) };
}

function loadBare(path: string, userOnly: boolean): LoadedFile {
  const { mode, size, uid, gid } = lstatSync(path);
  const symlink = isSymlinkMode(mode) ? readlinkSync(path) : "";
  // Owners and attributes are not stored in bare-user-only: the checksum was made with zeros and none.
  const header = userOnly
    ? { uid: 0, gid: 0, mode, symlink, xattrs: [] }
    : { uid, gid, mode, symlink, xattrs: sortXattrs(readXattrs(path)) };
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

/** Enough for nearly every header; a longer one is read in a second call. */
const headerGuess = 4096;

function loadArchive(path: string): LoadedFile {
  const { header, size, contentOffset } = readArchiveHead(path);
  if (isSymlinkMode(header.mode)) return { header, ...emptyContent };
  return {
    header,
    size,
    content: () => inflateExactly(readFileSync(path).subarray(contentOffset), size, path),
    stream: () => createReadStream(path, { start: contentOffset }).pipe(createInflateRaw()),
  };
}

/** @param size the announced size: output beyond it is a decompression bomb, not content */
export function inflateExactly(compressed: Uint8Array, size: number, what: string): Buffer {
  try {
    const content = inflateRawSync(compressed, { maxOutputLength: Math.max(size, 1) });
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
  let done = 0;
  for (let got = -1; got !== 0 && done < length; done += got) got = readSync(fd, bytes, done, length - done, done);
  return bytes.subarray(0, done);
}
