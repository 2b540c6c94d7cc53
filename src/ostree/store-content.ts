// SPDX-License-Identifier: Apache-2.0
/** Writing content objects into a transaction's staging directory, in each mode's way (commit_loose_regfile_object). */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writevSync,
} from "node:fs";
import { deflatePiece, deflateWhole, isErrno, setXattr, setXattrOf, writeAll } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { encodeArchiveHeader, encodeUserMeta } from "./file-object.ts";
import { type Checksum, type FileHeader, isSymlinkMode, type ObjectType, type RepoMode } from "./model.ts";
import { looseExists, loosePath } from "./object-path.ts";
import { type ContentSource, fillPlain, type PlainContent } from "./plain-content.ts";
import { checkSplitXattrsWriting } from "./split-xattrs.ts";

/** Where objects are written to: plain data, so that worker threads can be given it. */
export interface Store {
  readonly mode: RepoMode;
  /** `objects/` of the repository. */
  readonly objects: string;
  /** The transaction's own directory, laid out as `objects/`. */
  readonly staging: string;
  readonly zlibLevel: number;
  readonly perObjectFsync: boolean;
  /** Space on the file system that commits must leave free. */
  readonly reservedBytes: number;
  /** Follows the names of files that are written, until they are whole and verified and get their own. */
  readonly suffix?: string;
  /** The staging directory was new: whoever knows what was written since need not look into it. */
  readonly fresh: boolean;
  /** The two-digit directories that `objects/` had at the start: nothing needs to be sought in others. */
  readonly prefixes: ReadonlySet<string>;
  readonly umask: number;
  /** Where payload links are put: the transaction's directory, also where `staging` is only a part of it. */
  readonly payloadLinks: string;
  /** Content of at least so many bytes gets one. */
  readonly payloadLinkThreshold: number;
}

/** Whether the repository or the transaction has the object. */
export function storeHas(store: Store, checksum: Checksum, type: ObjectType): boolean {
  const path = `${store.staging}/${loosePath(checksum, type, store.mode)}`;
  return repositoryHas(store, checksum, type) || looseExists(path, type, store.mode);
}

/** Whether the repository has the object, apart from the transaction. */
export function repositoryHas(store: Store, checksum: Checksum, type: ObjectType): boolean {
  if (!store.prefixes.has(checksum.slice(0, 2))) return false;
  return looseExists(`${store.objects}/${loosePath(checksum, type, store.mode)}`, type, store.mode);
}

/** The file of an object that the repository or the transaction has. */
export function storedPath(store: Store, checksum: Checksum, type: ObjectType): string {
  const path = loosePath(checksum, type, store.mode);
  return `${repositoryHas(store, checksum, type) ? store.objects : store.staging}/${path}`;
}

/** A function that writes the content in pieces; it is given the function that takes each piece. */
export type ContentWriter = (write: (piece: Uint8Array, last: boolean) => void) => void;

/**
 * Writes a content object, without checking that `checksum` is right.
 * @param content the whole content, or a writer of pieces when it is large; nothing for a symbolic link
 * @param size of the content in bytes
 * @param source a file that has the content, with which blocks may be shared
 * @returns bytes written, or `undefined` when the transaction has the object
 */
export function storeContent(
  store: Store,
  checksum: Checksum,
  header: FileHeader,
  content: Uint8Array | ContentWriter,
  size: number,
  source?: ContentSource,
): number | undefined {
  const path = `${store.staging}/${loosePath(checksum, "file", store.mode)}${store.suffix ?? ""}`;
  const plain = { checksum, content, size, source };
  try {
    return storeAt(store, path, header, plain);
  } catch (error) {
    if (isErrno(error, "EEXIST")) return undefined;
    if (!isErrno(error, "ENOENT")) throw error;
    mkdirSync(`${store.staging}/${checksum.slice(0, 2)}`, { recursive: true });
    return unlessExists(() => storeAt(store, path, header, plain));
  }
}

function unlessExists<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isErrno(error, "EEXIST")) return undefined;
    throw error;
  }
}

function storeAt(store: Store, path: string, header: FileHeader, plain: PlainContent): number {
  const linked = isSymlinkMode(header.mode);
  switch (store.mode) {
    case "archive":
      return withNewFile(store, path, 0o644, (fd) => writeArchive(store, fd, header, plain));
    case "bare-user":
      return withNewFile(store, path, linked ? 0o644 : (header.mode & 0o775) | 0o400, (fd) => {
        setXattrOf(fd, "user.ostreemeta", encodeUserMeta(header));
        const written = linked ? writeWhole(fd, Buffer.from(`${header.symlink}\0`)) : fillPlain(store, fd, plain);
        futimesSync(fd, 0, 0);
        return written;
      });
    case "bare-user-only":
      checkUserOnlyMode(header);
      if (linked) return storeSymlink(store.mode, path, header);
      return withNewFile(store, path, header.mode & 0o775, (fd) => {
        const written = fillPlain(store, fd, plain);
        futimesSync(fd, 0, 0);
        return written;
      });
    case "bare-split-xattrs":
      checkSplitXattrsWriting();
      return linked ? storeSymlink(store.mode, path, header) : storeBare(store, path, { ...header, xattrs: [] }, plain);
    case "bare":
      return linked ? storeSymlink(store.mode, path, header) : storeBare(store, path, header, plain);
  }
}

function storeBare(store: Store, path: string, header: FileHeader, plain: PlainContent): number {
  return withNewFile(store, path, 0o600, (fd) => {
    const written = fillPlain(store, fd, plain);
    // chown clears the setuid bits and security.capability: it comes first.
    fchownSync(fd, header.uid, header.gid);
    for (const { name, value } of header.xattrs) setXattrOf(fd, name, value);
    fchmodSync(fd, header.mode & 0o7777);
    futimesSync(fd, 0, 0);
    return written;
  });
}

/** _ostree_validate_bareuseronly_mode: what is checked out must be safe without owners. */
function checkUserOnlyMode({ mode }: FileHeader): void {
  if (isSymlinkMode(mode) || (mode & 0o7777 & ~0o775) === 0) return;
  const bits = (mode & 0o7777 & ~0o775).toString(8).padStart(4, "0");
  throw ostreeError("bad-mode", `Content object: invalid mode 0${mode.toString(8)} with bits 0${bits}`);
}

function storeSymlink(mode: RepoMode, path: string, { symlink, uid, gid, xattrs }: FileHeader): number {
  symlinkSync(symlink, path);
  if (mode !== "bare-user-only") lchownSync(path, uid, gid);
  if (mode === "bare") {
    for (const { name, value } of xattrs) setXattr(path, name, value);
  }
  lutimesSync(path, 0, 0);
  return 0;
}

/** @param mode of the file when it is written; without the owner's write bit attributes could not be set before */
function withNewFile(store: Store, path: string, mode: number, write: (fd: number) => number): number {
  const direct = (mode & store.umask) === 0 && (mode & 0o200) !== 0;
  const fd = openSync(path, "wx", direct ? mode : 0o600);
  try {
    const written = write(fd);
    if (!direct) fchmodSync(fd, mode);
    if (store.perObjectFsync) fsyncSync(fd);
    return written;
  } catch (error) {
    // What is in the staging directory when the transaction is committed must be whole.
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

function writeWhole(fd: number, bytes: Uint8Array): number {
  writeAll(fd, bytes);
  return bytes.length;
}

function writeArchive(store: Store, fd: number, header: FileHeader, { content, size }: PlainContent): number {
  const linked = isSymlinkMode(header.mode);
  const head = encodeArchiveHeader(header, linked ? 0 : size);
  if (typeof content !== "function") {
    const body = linked ? [] : [deflateWhole(content, store.zlibLevel)];
    return writeVector(fd, [head, ...body]);
  }
  let written = writeWhole(fd, head);
  content((piece, last) => {
    written += writeWhole(fd, deflatePiece(piece, store.zlibLevel, last));
  });
  return written;
}

function writeVector(fd: number, parts: readonly Buffer[]): number {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const written = writevSync(fd, parts);
  if (written < total) writeAll(fd, Buffer.concat(parts).subarray(written));
  return total;
}
