// SPDX-License-Identifier: Apache-2.0
/** Verifying and storing what came over the network: nothing gets an object's name before its bytes are checked. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  createReadStream,
  fchmodSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";
import { isErrno, listDirectory, writeAll } from "../base/index.ts";
import { readGVariant } from "../formats/index.ts";
import { requireSpace } from "./content-task.ts";
import { ostreeError } from "./errors.ts";
import { decodeArchiveHeader, encodeFileHeader } from "./file-object.ts";
import type { Body } from "./http/response.ts";
import { readArchiveHead } from "./load-content.ts";
import { type Checksum, type FileHeader, type ObjectType } from "./model.ts";
import { loosePath } from "./object-path.ts";
import { partialDirectory, unfinishedMode } from "./staging.ts";
import { type ContentWriter, storeContent, type Store } from "./store-content.ts";
import {
  archivedHead,
  checkForm,
  compareChecksum,
  headedChecksum,
  inflateContent,
  memoryLimit,
  verifyMetadata,
} from "./verify-object.ts";

const spaceStep = 64 << 20;
const pieceSize = 1 << 20;

/**
 * Stores objects so that those of a process that was killed are whole, and the next pull can go on with them: what is
 * written in one go is under its name at once, and its mode or its time tells that it is finished (`isUnfinished`); all
 * else is written beside its place and renamed. A rename costs as much as opening a file.
 */
export class IncomingStore {
  readonly store: Store;
  readonly #incoming: Store & { readonly suffix: string };
  /** For files that are no object's. */
  readonly #directory: string;
  /** Large objects that a former process had begun. */
  readonly #begun: ReadonlySet<string>;
  #space = 0;
  #temporary = 0;

  /** @param name different for each thread */
  constructor(store: Store, name: string) {
    this.store = store;
    this.#incoming = { ...store, suffix: `.${name}` };
    this.#directory = `${store.staging}/${name}`;
    this.#begun = new Set(listDirectory(`${store.staging}/${partialDirectory}`));
  }

  /** A new name for a temporary file. */
  temporary(): string {
    // Not before it is needed: a thread that starts late must not write into a transaction that has ended.
    if (this.#temporary === 0) mkdirSync(this.#directory, { recursive: true });
    return `${this.#directory}/temporary-${++this.#temporary}`;
  }

  /** Where a large object gathers; the next pull goes on with it when this one is killed. */
  partial(checksum: Checksum): string {
    mkdirSync(`${this.store.staging}/${partialDirectory}`, { recursive: true });
    return `${this.store.staging}/${partialDirectory}/${checksum}.filez`;
  }

  /** The file of `partial` when an earlier process wrote to it. */
  begun(checksum: Checksum): string | undefined {
    return this.#begun.size > 0 && this.#begun.has(`${checksum}.filez`) ? this.partial(checksum) : undefined;
  }

  /** @param trusted comes from a repository of this machine: its form is checked, its checksum is not */
  metadata(type: ObjectType, checksum: Checksum, bytes: Uint8Array, trusted = false): void {
    if (trusted) checkForm(type, checksum, bytes);
    else verifyMetadata(type, checksum, bytes);
    this.reserve(bytes.length);
    this.#whole(type, checksum, bytes);
  }

  /**
   * Stores a commit's detached metadata, which has its commit's name and no checksum. A newer one replaces it. It may be
   * anything: who needs signatures from it looks for them, and bytes that are no metadata hold none.
   */
  detached(commit: Checksum, bytes: Uint8Array): void {
    this.#whole("commitmeta", commit, bytes);
  }

  /** Stores what tells that a commit was deleted on purpose. */
  tombstone(commit: Checksum, bytes: Uint8Array): void {
    readGVariant("a{sv}", bytes, `${commit}.tombstone-commit`);
    this.#whole("tombstone-commit", commit, bytes);
  }

  /**
   * Stores the bytes of a `.filez`, as they are when the repository is an archive.
   * @param unverified in an archive, do not look at the content
   * @returns bytes of the content
   */
  async archived(
    checksum: Checksum,
    body: Body,
    check: (header: FileHeader) => void,
    unverified = false,
  ): Promise<number> {
    if (unverified && this.store.mode === "archive") return this.#unverified(checksum, body, check);
    if (body.file === undefined) return this.#inMemory(checksum, body.bytes, check);
    try {
      const { header, size, contentOffset } = readArchiveHead(body.file);
      check(header);
      if (size <= memoryLimit && body.size <= memoryLimit) {
        return await this.#inMemory(checksum, readFileSync(body.file), check);
      }
      await this.#streamed(checksum, body.file, header, size, contentOffset);
      return size;
    } finally {
      rmSync(body.file, { force: true });
    }
  }

  #unverified(checksum: Checksum, body: Body, check: (header: FileHeader) => void): number {
    const { header, size } =
      body.file === undefined ? decodeArchiveHeader(body.bytes, `${checksum}.filez`) : readArchiveHead(body.file);
    check(header);
    this.reserve(body.size);
    if (body.file === undefined) this.#whole("file", checksum, body.bytes);
    else this.#rename(body.file, "file", checksum, 0o644);
    return size;
  }

  /** Brings a `.filez` file from another repository of this machine, which keeps it. */
  async archivedFile(checksum: Checksum, path: string): Promise<void> {
    const { header, size, contentOffset } = readArchiveHead(path);
    if (this.store.mode !== "archive") return this.#streamed(checksum, path, header, size, contentOffset);
    const copy = this.temporary();
    copyFileSync(path, copy);
    this.#rename(copy, "file", checksum, 0o644);
  }

  /** Stores a content object from elsewhere; `content` was verified, or its source is trusted. */
  content(checksum: Checksum, header: FileHeader, content: Uint8Array | ContentWriter, size: number): void {
    this.reserve(size);
    if (this.store.mode !== "archive" && typeof content !== "function") {
      storeContent(this.store, checksum, header, content, size);
      return;
    }
    storeContent(this.#incoming, checksum, header, content, size);
    this.#place(checksum, "file");
  }

  /** Stores bytes that are the object's file. */
  #whole(type: ObjectType, checksum: Checksum, bytes: Uint8Array): void {
    const path = `${this.store.staging}/${loosePath(checksum, type, this.store.mode)}`;
    try {
      this.#inPrefix(checksum, () => this.#write(path, bytes));
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
      // Detached metadata that is replaced.
      this.#write(`${path}${this.#incoming.suffix}`, bytes);
      renameSync(`${path}${this.#incoming.suffix}`, path);
    }
  }

  /** Makes a file that has its mode only when it is whole. */
  #write(path: string, bytes: Uint8Array): void {
    const fd = openSync(path, "wx", unfinishedMode);
    try {
      writeAll(fd, bytes);
      fchmodSync(fd, 0o644 & ~this.store.umask);
    } finally {
      closeSync(fd);
    }
  }

  async #inMemory(checksum: Checksum, bytes: Buffer, check: (header: FileHeader) => void): Promise<number> {
    const { head, size, contentOffset } = archivedHead(bytes, `${checksum}.filez`);
    const { header } = head;
    check(header);
    if (size > memoryLimit) return this.#spilled(checksum, bytes, header, size, contentOffset);
    const content = head.linked
      ? Buffer.alloc(0)
      : inflateContent(bytes.subarray(contentOffset), size, `${checksum}.filez`);
    compareChecksum("file", checksum, headedChecksum(head.bytes, content));
    if (this.store.mode === "archive") {
      this.reserve(bytes.length);
      this.#whole("file", checksum, bytes);
    } else this.content(checksum, header, content, size);
    return size;
  }

  /** Few bytes that inflate to many. */
  async #spilled(checksum: Checksum, bytes: Buffer, header: FileHeader, size: number, contentOffset: number) {
    const file = this.temporary();
    const fd = openSync(file, "wx", 0o600);
    try {
      writeAll(fd, bytes);
    } finally {
      closeSync(fd);
    }
    try {
      await this.#streamed(checksum, file, header, size, contentOffset);
    } finally {
      rmSync(file, { force: true });
    }
    return size;
  }

  async #streamed(checksum: Checksum, file: string, header: FileHeader, size: number, contentOffset: number) {
    this.reserve(size);
    const archive = this.store.mode === "archive";
    const plain = archive ? undefined : this.temporary();
    try {
      const actual = await inflateTo(file, contentOffset, size, header, plain);
      compareChecksum("file", checksum, actual);
      if (plain === undefined) this.#rename(file, "file", checksum, 0o644);
      else this.content(checksum, header, fileWriter(plain), size);
    } finally {
      if (plain !== undefined) rmSync(plain, { force: true });
    }
  }

  #place(checksum: Checksum, type: ObjectType): void {
    const path = `${this.store.staging}/${loosePath(checksum, type, this.store.mode)}`;
    renameSync(`${path}${this.#incoming.suffix}`, path);
  }

  #rename(from: string, type: ObjectType, checksum: Checksum, mode?: number): void {
    if (mode !== undefined) chmodSync(from, mode);
    const to = `${this.store.staging}/${loosePath(checksum, type, this.store.mode)}`;
    this.#inPrefix(checksum, () => renameSync(from, to));
  }

  /** Makes the object's directory when it turns out to be missing. */
  #inPrefix<T>(checksum: Checksum, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      mkdirSync(`${this.store.staging}/${checksum.slice(0, 2)}`, { recursive: true });
      return act();
    }
  }

  /** Throws `ostree-no-space` when the reserve of free space would be touched. */
  reserve(bytes: number): void {
    if (bytes > this.#space) this.#space = Math.min(Math.max(spaceStep, bytes), requireSpace(this.store, bytes));
    this.#space -= bytes;
  }
}

/** Inflates the content of a `.filez`. @returns checksum of header and content */
async function inflateTo(
  file: string,
  start: number,
  size: number,
  header: FileHeader,
  output: string | undefined,
): Promise<string> {
  const sum = createHash("sha256").update(encodeFileHeader(header));
  const fd = output === undefined ? undefined : openSync(output, "wx", 0o600);
  let taken = 0;
  try {
    await pipeline(createReadStream(file, { start, highWaterMark: pieceSize }), createInflateRaw(), async (pieces) => {
      for await (const piece of pieces as AsyncIterable<Buffer>) {
        taken += piece.length;
        if (taken > size) throw ostreeError("corrupt-object", `more than the announced ${size} bytes of content`);
        sum.update(piece);
        if (fd !== undefined) writeAll(fd, piece);
      }
    });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && String(cause.code).startsWith("Z_"))) throw cause;
    throw ostreeError("corrupt-object", "the content cannot be decompressed", { cause });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  if (taken !== size) throw ostreeError("corrupt-object", `${taken} bytes of content instead of ${size}`);
  return sum.digest("hex");
}

/** Hands a file's content over in pieces. */
export function fileWriter(path: string): ContentWriter {
  return (write) => {
    const fd = openSync(path, "r");
    const buffer = Buffer.allocUnsafe(pieceSize);
    try {
      let piece = readSync(fd, buffer, 0, pieceSize, null);
      while (piece > 0) {
        const bytes = Buffer.from(buffer.subarray(0, piece));
        piece = readSync(fd, buffer, 0, pieceSize, null);
        write(bytes, piece === 0);
      }
    } finally {
      closeSync(fd);
    }
  };
}

/** The most bytes that a `.filez` can have, told by its first: deflate never expands by more than a few per mille. */
export function archiveLimit(head: Buffer): number {
  if (head.length < 16) return Number.MAX_SAFE_INTEGER;
  const headerLength = head.readUInt32BE(0);
  const size = head.readBigUInt64BE(8);
  const most = BigInt(headerLength) + size + size / 16n + 65536n;
  return most > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(most);
}
