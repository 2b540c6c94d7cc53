// SPDX-License-Identifier: Apache-2.0
/** Carrying out the instructions of a part (ostree-repo-static-delta-processing.c). */
import { createHash } from "node:crypto";
import { ostreeError } from "../errors.ts";
import { encodeFileHeader } from "../file-object.ts";
import {
  type Checksum,
  checksumFromBytes,
  type FileHeader,
  fileType,
  isSymlinkMode,
  metadataLimit,
  type ObjectType,
} from "../model.ts";
import { compareChecksum } from "../verify-object.ts";
import { bspatch } from "./bspatch.ts";
import { type DeltaObject, objectAt, objectCount } from "./format.ts";
import { type ContentOpening, type OperationHandler, type Range, runOperations } from "./operations.ts";
import type { OpenedPayload } from "./part-format.ts";
import type { Space } from "./space.ts";

/** Where the objects go and where old ones come from. */
export interface ObjectStore {
  has(object: DeltaObject): boolean;
  /** Stores a metadata object after checking its checksum and form. */
  storeMetadata(object: DeltaObject & { readonly type: Exclude<ObjectType, "file"> }, bytes: Uint8Array): void;
  /** Stores a content object whose checksum was checked. */
  storeContent(checksum: Checksum, header: FileHeader, content: Uint8Array): void;
  /** The content of an object that is here already. */
  openSource(checksum: Checksum): Space;
  /** Room for content that is put together. */
  makeSpace(size: number): Space;
}

/** What a part made; objects that were there count too. */
export interface PartResult {
  metadata: number;
  content: number;
  /** Bytes of content written. */
  written: number;
}

/** A longer target is refused by the kernel (PATH_MAX). */
const symlinkLimit = 4096;

/** What of the headers binds a part. */
export interface PartBounds {
  readonly objects: Uint8Array;
  readonly usize: number;
  /** The commit that the delta leads to. */
  readonly to: Checksum;
}

/**
 * Runs a part. Every object is hashed before `store` sees it, and what is made is bounded by the header: objects that it
 * lists, each of the size that its instruction declares, together no more than `usize` (links aside, which count nothing).
 */
export function executePart(bounds: PartBounds, payload: OpenedPayload, store: ObjectStore): PartResult {
  using executor = new PartExecutor(bounds, payload, store);
  runOperations(payload.operations, objectCount(bounds.objects), executor);
  return executor.result;
}

interface OpenObject {
  readonly checksum: Checksum;
  readonly header: FileHeader;
  readonly size: number;
  /** Absent when the object is here already: then nothing is done. */
  readonly space: Space | undefined;
  done: number;
}

class PartExecutor implements OperationHandler, Disposable {
  readonly result: PartResult = { metadata: 0, content: 0, written: 0 };
  readonly #objects: Uint8Array;
  readonly #to: Checksum;
  readonly #payload: OpenedPayload;
  readonly #store: ObjectStore;
  #left: number;
  #open: OpenObject | undefined;
  #source: Space | undefined;

  constructor({ objects, usize, to }: PartBounds, payload: OpenedPayload, store: ObjectStore) {
    this.#objects = objects;
    this.#to = to;
    this.#payload = payload;
    this.#store = store;
    this.#left = usize;
  }

  isMetadata(object: number): boolean {
    return objectAt(this.#objects, object).type !== "file";
  }

  spliceMetadata(object: number, range: Range): void {
    const { checksum, type } = objectAt(this.#objects, object);
    if (type === "file") throw new Error("content among metadata");
    // Any other would get into the repository unsigned, and look whole where nothing of its tree is.
    if (type === "commit" && checksum !== this.#to) throw ostreeError("corrupt-delta", `brings the commit ${checksum}`);
    if (range.size > metadataLimit) throw ostreeError("corrupt-delta", `${type} object of ${range.size} bytes`);
    this.#take(range.size);
    const bytes = this.#data(range);
    this.result.metadata++;
    if (!this.#store.has({ checksum, type })) this.#store.storeMetadata({ checksum, type }, bytes);
    this.#dropSource();
  }

  spliceContent(object: number, opening: ContentOpening, offset: number): void {
    const { checksum } = objectAt(this.#objects, object);
    const bytes = this.#data({ offset, size: opening.size });
    const header = this.#header(opening, bytes);
    const content = isSymlinkMode(header.mode) ? new Uint8Array() : bytes;
    this.#take(content.length);
    this.#finish(checksum, header, content);
    this.#dropSource();
  }

  open(object: number, opening: ContentOpening): void {
    const { checksum } = objectAt(this.#objects, object);
    const header = this.#header(opening, undefined);
    this.#take(opening.size);
    const space = this.#store.has({ checksum, type: "file" }) ? undefined : this.#store.makeSpace(opening.size);
    this.#open = { checksum, header, size: opening.size, space, done: 0 };
  }

  write(range: Range): void {
    const open = this.#current();
    if (!open.space) return;
    const bytes = this.#source === undefined ? this.#data(range) : subrange(this.#source.bytes, range);
    if (bytes.length > open.size - open.done) throw ostreeError("corrupt-delta", "writes more than the object has");
    open.space.bytes.set(bytes, open.done);
    open.done += bytes.length;
  }

  setReadSource(offset: number): void {
    this.#dropSource();
    const checksum = checksumFromBytes(this.#data({ offset, size: 32 }), "read source");
    // Nothing is read for an object that is here.
    if (this.#open && !this.#open.space) return;
    this.#source = this.#store.openSource(checksum);
  }

  unsetReadSource(): void {
    this.#dropSource();
  }

  bspatch(range: Range): void {
    const open = this.#current();
    const patch = this.#data(range);
    if (!open.space) return;
    if (!this.#source) throw ostreeError("corrupt-delta", "there is no read source to patch");
    if (open.done > 0) throw ostreeError("corrupt-delta", "writes more than the object has");
    bspatch(this.#source.bytes, patch, open.space.bytes);
    open.done = open.size;
  }

  close(): void {
    const open = this.#current();
    if (open.space) {
      if (open.done !== open.size) {
        throw ostreeError("corrupt-delta", `${open.done} bytes of an object of ${open.size} bytes`);
      }
      this.#finish(open.checksum, open.header, open.space.bytes);
    } else this.result.content++;
    open.space?.[Symbol.dispose]();
    this.#open = undefined;
    this.#dropSource();
  }

  [Symbol.dispose](): void {
    this.#open?.space?.[Symbol.dispose]();
    this.#open = undefined;
    this.#dropSource();
  }

  #finish(checksum: Checksum, header: FileHeader, content: Uint8Array): void {
    this.result.content++;
    if (this.#store.has({ checksum, type: "file" })) return;
    compareChecksum("file", checksum, contentChecksum(header, content));
    this.#store.storeContent(checksum, header, content);
    this.result.written += content.length;
  }

  #current(): OpenObject {
    if (!this.#open) throw new Error("no object is open");
    return this.#open;
  }

  /** A decompression bomb makes more than it declares: what is declared was shown, asked for and reserved. */
  #take(size: number): void {
    if (size > this.#left) throw ostreeError("corrupt-delta", "makes more bytes than the part's header announces");
    this.#left -= size;
  }

  #data(range: Range): Uint8Array {
    return subrange(this.#payload.data, range);
  }

  #dropSource(): void {
    this.#source?.[Symbol.dispose]();
    this.#source = undefined;
  }

  /** @param target bytes of a symbolic link's target; links cannot be put together in steps */
  #header({ mode: modeIndex, xattrs, size }: ContentOpening, target: Uint8Array | undefined): FileHeader {
    const { uid, gid, mode } = this.#payload.mode(modeIndex);
    const type = mode & fileType.mask;
    const linked = type === fileType.symlink;
    if (!(type === fileType.regular || (linked && target !== undefined)) || (mode & ~(fileType.mask | 0o7777)) !== 0) {
      throw ostreeError("corrupt-delta", `mode 0${mode.toString(8)} is no content object's`);
    }
    if (linked && (size === 0 || size > symlinkLimit)) {
      throw ostreeError("corrupt-delta", `a symbolic link's target of ${size} bytes`);
    }
    const symlink = linked && target !== undefined ? linkTarget(target) : "";
    return { uid, gid, mode, symlink, xattrs: this.#payload.xattrs(xattrs) };
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function linkTarget(bytes: Uint8Array): string {
  try {
    const target = utf8.decode(bytes);
    if (!target.includes("\0")) return target;
  } catch {
    // Said below.
  }
  throw ostreeError("corrupt-delta", "a symbolic link's target with a NUL, or that is not UTF-8");
}

function subrange(bytes: Uint8Array, { offset, size }: Range): Uint8Array {
  if (offset + size <= bytes.length) return bytes.subarray(offset, offset + size);
  throw ostreeError("corrupt-delta", `Invalid offset/length ${offset}/${size}`);
}

/** Hash functions take 2 GiB at most at once; smaller pieces also stay in the processor's cache between their users. */
const pieceSize = 1 << 20;

/** Content in pieces, with whether each is the last; one empty piece for nothing. */
export function* pieces(content: Uint8Array): Generator<{ piece: Uint8Array; last: boolean }> {
  let start = 0;
  do {
    const end = Math.min(content.length, start + pieceSize);
    yield { piece: content.subarray(start, end), last: end === content.length };
    start = end;
  } while (start < content.length);
}

function contentChecksum(header: FileHeader, content: Uint8Array): string {
  const digest = createHash("sha256").update(encodeFileHeader(header));
  for (const { piece } of pieces(content)) digest.update(piece);
  return digest.digest("hex");
}
