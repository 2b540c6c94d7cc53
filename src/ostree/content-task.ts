// SPDX-License-Identifier: Apache-2.0
/** Hashing and storing one file: what the workers of a commit do. Tasks and results are plain data. */
import { hash, createHash } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  createWriteStream,
  fchmodSync,
  futimesSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { pipeline } from "node:stream/promises";
import { isErrno, readXattrs, readXattrsOf, temporaryName, type Xattr } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import { encodeFileHeader, canonicalXattrs } from "./file-object.ts";
import { inflateLimit, type LoadedFile, loadContent } from "./load-content.ts";
import { type Checksum, type FileHeader, isSymlinkMode, type RepoMode } from "./model.ts";
import { loosePath } from "./object-path.ts";
import { sharesBlocks } from "./payload-link.ts";
import { ContentSource } from "./plain-content.ts";
import { type ContentWriter, repositoryHas, storeContent, storeHas, type Store } from "./store-content.ts";

export type TaskSource =
  | { readonly type: "path"; readonly path: string; readonly size: number }
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  | { readonly type: "object"; readonly path: string; readonly mode: RepoMode };

export interface ContentTask {
  /** `xattrs: "disk"` reads them from the source, which is then a path. */
  readonly header: Omit<FileHeader, "xattrs"> & { readonly xattrs: readonly Xattr[] | "disk" };
  /** SELinux label that replaces what the attributes say. */
  readonly label?: string;
  readonly source: TaskSource;
  /** The source, a path with this very header, may itself become the object. */
  readonly adopt?: boolean;
  /** Checksum of the object, when the source is an object with this very header. */
  readonly known?: Checksum;
}

export interface ContentResult {
  readonly checksum: Checksum;
  /** Bytes of content stored, or -1 when the repository had the object. */
  readonly written: number;
}

/** Files up to this size are read and hashed in one piece; larger ones are read in pieces of it. */
const pieceSize = 16 << 20;
const headerRoom = 64 << 10;
/** The file may have been replaced since it was listed: by a link, or by a FIFO, whose opening would wait. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** How far free space may fall before it is looked at again. */
const spaceStep = 64 << 20;

/** Replaces the SELinux label among attributes; the result is sorted. */
export function withLabel(xattrs: readonly Xattr[], label: string | undefined): readonly Xattr[] {
  if (label === undefined) return xattrs;
  const others = xattrs.filter(({ name }) => name !== "security.selinux");
  // A byte string with its final NUL, as the kernel gives it and libostree commits it (get_final_xattrs).
  return canonicalXattrs([...others, { name: "security.selinux", value: Buffer.from(`${label}\0`) }]);
}

/** Stores files one after the other; each thread has its own. */
export class ContentStorer {
  readonly #store: Store;
  /** Header and content side by side, for one call of the hash function. */
  readonly #buffer = Buffer.allocUnsafeSlow(headerRoom + pieceSize + 1);
  #space = 0;
  /** The file that is being stored, where it can share its blocks with the object. */
  #source: ContentSource | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Most tasks are done at once; the promise is for large compressed objects. */
  run(task: ContentTask): ContentResult | Promise<ContentResult> {
    if (task.known !== undefined) return this.#import(task, task.known);
    const { source } = task;
    if (isSymlinkMode(task.header.mode)) return this.#whole(linkHeader(task), new Uint8Array());
    if (source.type === "bytes") return this.#whole(plainHeader(task), source.bytes);
    if (source.type === "path") return this.#path(task, source.path, source.size);
    const file = loadContent(source.path, source.mode);
    if (source.mode !== "archive") return this.#path(task, source.path, file.size);
    if (file.size > inflateLimit) return this.#inflated(file, (path) => this.#path(task, path, file.size));
    return this.#whole(plainHeader(task), file.content());
  }

  /** Decompresses to a file, for memory must not grow with the object. */
  async #inflated(file: LoadedFile, use: (path: string) => ContentResult): Promise<ContentResult> {
    const path = temporaryName(this.#store.staging);
    try {
      this.#reserve(file.size);
      await pipeline(file.stream(), createWriteStream(path, { flags: "wx", mode: 0o600 }));
      return use(path);
    } finally {
      rmSync(path, { force: true });
    }
  }

  #path(task: ContentTask, path: string, expected: number): ContentResult {
    const fd = openSync(path, openFlags);
    try {
      const xattrs = task.header.xattrs === "disk" ? canonicalXattrs(readXattrsOf(fd)) : task.header.xattrs;
      const header = { ...task.header, xattrs: withLabel(xattrs, task.label) };
      if (sharesBlocks(this.#store)) this.#source = new ContentSource(fd, path);
      if (task.adopt) return this.#adopt(fd, header, expected, path);
      return expected <= pieceSize ? this.#small(fd, header, expected, path) : this.#large(fd, header, expected, path);
    } finally {
      this.#source = undefined;
      closeSync(fd);
    }
  }

  /** adopt_and_commit_regfile, by a link: the source stays until all is committed. */
  #adopt(fd: number, header: FileHeader, size: number, path: string): ContentResult {
    const checksum = this.#digest(fd, header, size, path);
    if (repositoryHas(this.#store, checksum, "file")) return { checksum, written: -1 };
    const target = `${this.#store.staging}/${loosePath(checksum, "file", this.#store.mode)}`;
    mkdirSync(`${this.#store.staging}/${checksum.slice(0, 2)}`, { recursive: true });
    if (!linked(path, target)) return this.#path({ header, source: { type: "path", path, size } }, path, size);
    if (this.#store.mode === "bare-user-only") fchmodSync(fd, header.mode & 0o755);
    futimesSync(fd, 0, 0);
    return { checksum, written: 0 };
  }

  #digest(fd: number, header: FileHeader, size: number, path: string): Checksum {
    return this.#pass(fd, header, size, path, () => {});
  }

  #small(fd: number, header: FileHeader, size: number, path: string): ContentResult {
    const head = encodeFileHeader(header);
    // One byte more is asked for, so that a file that grew is noticed without another call.
    const content = readPiece(fd, this.#buffer.subarray(headerRoom), 0, size);
    if (content.length !== size) throw changed(path);
    if (head.length > headerRoom) return this.#whole(header, content);
    const start = headerRoom - head.length;
    head.copy(this.#buffer, start);
    const checksum = hash("sha256", this.#buffer.subarray(start, headerRoom + size), "hex") as Checksum;
    return this.#keep(checksum, header, content, size);
  }

  #large(fd: number, header: FileHeader, size: number, path: string): ContentResult {
    const checksum = this.#digest(fd, header, size, path);
    // Read a second time, mostly from the page cache, and only if it must be written.
    const write: ContentWriter = (take) => {
      if (this.#pass(fd, header, size, path, take) !== checksum) throw changed(path);
    };
    return this.#keep(checksum, header, write, size);
  }

  /** Reads and hashes the file in pieces. */
  #pass(
    fd: number,
    header: FileHeader,
    size: number,
    path: string,
    each: (piece: Uint8Array, last: boolean) => void,
  ): Checksum {
    const digest = createHash("sha256").update(encodeFileHeader(header));
    for (let offset = 0; offset < size;) {
      const wanted = Math.min(pieceSize, size - offset);
      const got = readPiece(fd, this.#buffer, offset, wanted).length;
      const last = offset + wanted === size;
      if (got < wanted || (last && got > wanted)) throw changed(path);
      const piece = this.#buffer.subarray(0, wanted);
      digest.update(piece);
      offset += wanted;
      each(piece, last);
    }
    return digest.digest("hex") as Checksum;
  }

  #whole(header: FileHeader, content: Uint8Array): ContentResult {
    const digest = createHash("sha256").update(encodeFileHeader(header)).update(content);
    return this.#keep(digest.digest("hex") as Checksum, header, content, content.length);
  }

  #keep(checksum: Checksum, header: FileHeader, content: Uint8Array | ContentWriter, size: number): ContentResult {
    // Whether the transaction has it shows when the file is made.
    if (repositoryHas(this.#store, checksum, "file")) return { checksum, written: -1 };
    this.#reserve(size);
    const stored = storeContent(this.#store, checksum, header, content, size, this.#source) !== undefined;
    return { checksum, written: stored ? size : -1 };
  }

  /** Brings an object from another repository, by hard link where that gives the same file. */
  #import(task: ContentTask, checksum: Checksum): ContentResult | Promise<ContentResult> {
    const store = this.#store;
    if (storeHas(store, checksum, "file")) return { checksum, written: -1 };
    if (task.source.type !== "object") throw new Error("a known checksum without an object");
    const { path, mode } = task.source;
    const target = `${store.staging}/${loosePath(checksum, "file", store.mode)}`;
    mkdirSync(`${store.staging}/${checksum.slice(0, 2)}`, { recursive: true });
    if (mode === store.mode && mode !== "bare-split-xattrs" && linked(path, target)) return { checksum, written: 0 };
    if (mode === "archive" && store.mode === "archive") {
      copyFileSync(path, target);
      return { checksum, written: 0 };
    }
    const file = loadContent(path, mode);
    const fromPath = (plain: string) => this.#path({ header: file.header, source: task.source }, plain, file.size);
    if (mode === "archive" && file.size > inflateLimit) return this.#inflated(file, fromPath);
    if (mode !== "archive" && file.size > pieceSize) return fromPath(path);
    this.#reserve(file.size);
    const stored = storeContent(store, checksum, file.header, file.content(), file.size) !== undefined;
    return { checksum, written: stored ? file.size : -1 };
  }

  #reserve(bytes: number): void {
    if (bytes > this.#space) this.#space = Math.min(Math.max(spaceStep, bytes), requireSpace(this.#store, bytes));
    this.#space -= bytes;
  }
}

/** Throws `ostree-no-space` unless `bytes` can be written without touching the reserve; returns what can be. */
export function requireSpace(store: Store, bytes: number): number {
  const { bsize, bfree, bavail } = statfsSync(store.objects);
  if (store.reservedBytes === 0) return Number.POSITIVE_INFINITY;
  const free = (process.geteuid?.() === 0 ? bfree : bavail) * bsize - store.reservedBytes;
  if (free >= bytes) return free;
  throw ostreeError(
    "no-space",
    `${store.objects}: ${bytes} bytes are wanted, but the reserve of ${store.reservedBytes} bytes would be exceeded`,
    { hint: "free some space, or change [core] min-free-space-percent in the repository's config" },
  );
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return true;
    if (isErrno(error, "EXDEV", "EMLINK", "EPERM")) return false;
    throw error;
  }
}

function linkHeader(task: ContentTask): FileHeader {
  const { header, label, source } = task;
  const onDisk = header.xattrs === "disk" && source.type === "path" ? canonicalXattrs(readXattrs(source.path)) : [];
  return { ...header, xattrs: withLabel(header.xattrs === "disk" ? onDisk : header.xattrs, label) };
}

function plainHeader({ header, label }: ContentTask): FileHeader {
  if (header.xattrs === "disk") throw new Error("attributes can be read only from a path");
  return { ...header, xattrs: withLabel(header.xattrs, label) };
}

/** Reads `length` bytes from `offset`, or one more if there are more: then the file grew. Less only at its end. */
function readPiece(fd: number, into: Buffer, offset: number, length: number): Buffer {
  let done = 0;
  for (let got = -1; got !== 0 && done < length; done += got) {
    got = readSync(fd, into, done, length + 1 - done, offset + done);
  }
  return into.subarray(0, done);
}

function changed(path: string) {
  return ostreeError("changed-while-read", `${path} changed while it was being committed`);
}
