// SPDX-License-Identifier: Apache-2.0
/** One part of a delta, from its file to objects in a transaction: what a worker thread does. */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { mapFile, readExactly, unlessErrno } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import { inflateExactly, loadContent, readArchiveHead } from "../load-content.ts";
import { type Checksum, type FileHeader, isSymlinkMode, type ObjectType } from "../model.ts";
import { loosePath } from "../object-path.ts";
import { storeHas, type Store } from "../store-content.ts";
import { IncomingStore } from "../store-fetched.ts";
import { executePart, type ObjectStore, type PartBounds, type PartResult, pieces } from "./execute.ts";
import type { DeltaObject } from "./format.ts";
import { openPart, payloadMemoryLimit, type PartSource } from "./open-part.ts";
import { openPartPayload } from "./part-format.ts";
import { inMemory, ReusedSpace, type Space } from "./space.ts";

export interface PartTask {
  readonly index: number;
  readonly bounds: PartBounds;
  readonly source: PartSource;
  /** Of the part file; none for inline parts. */
  readonly checksum?: Checksum;
}

/** What each worker is told at its start. */
export interface ApplyData {
  readonly store: Store;
}

/** Content and read sources up to this size are held in memory, larger ones in files. */
const contentLimit = 16 << 20;

/** Applies parts one after the other; each thread has its own. */
export class PartApplier {
  readonly #objects: TransactionObjects;
  readonly #payload: ReusedSpace;

  constructor({ store }: ApplyData) {
    this.#objects = new TransactionObjects(store);
    this.#payload = new ReusedSpace(payloadMemoryLimit, store.staging);
  }

  run({ index, bounds, source, checksum }: PartTask): PartResult {
    const what = `delta part ${index}`;
    try {
      using payload = openPart(source, checksum, bounds, (size) => this.#payload.make(size), what);
      return executePart(bounds, openPartPayload(payload.bytes, what), this.#objects);
    } catch (error) {
      if (error instanceof Error) error.message = `Executing delta part ${index}: ${error.message}`;
      throw error;
    }
  }
}

/** The objects of a repository and of a transaction on it. */
class TransactionObjects implements ObjectStore {
  readonly #store: Store;
  #written: IncomingStore | undefined;
  readonly #content: ReusedSpace;
  readonly #source: ReusedSpace;

  constructor(store: Store) {
    this.#store = store;
    this.#content = new ReusedSpace(contentLimit, store.staging);
    this.#source = new ReusedSpace(contentLimit, store.staging);
  }

  /** Made with the first object: a thread that starts late must not make a directory where the transaction has ended. */
  get #incoming(): IncomingStore {
    return (this.#written ??= new IncomingStore(this.#store, `delta-${process.pid}-${threadId}`));
  }

  has({ checksum, type }: DeltaObject): boolean {
    return storeHas(this.#store, checksum, type);
  }

  storeMetadata({ checksum, type }: { checksum: Checksum; type: ObjectType }, bytes: Uint8Array): void {
    this.#incoming.metadata(type, checksum, bytes);
  }

  storeContent(checksum: Checksum, header: FileHeader, content: Uint8Array): void {
    if (content.length <= contentLimit) return this.#incoming.content(checksum, header, content, content.length);
    const write = (take: (piece: Uint8Array, last: boolean) => void) => {
      for (const { piece, last } of pieces(content)) take(piece, last);
    };
    this.#incoming.content(checksum, header, write, content.length);
  }

  /** Of the repository, or of this transaction: a part may build on what it made itself. */
  openSource(checksum: Checksum): Space {
    const { objects, staging, mode } = this.#store;
    const path = loosePath(checksum, "file", mode);
    for (const directory of [objects, staging]) {
      const found = unlessErrno(["ENOENT"], () => this.#openContent(`${directory}/${path}`));
      if (found) return found;
    }
    throw ostreeError("no-such-object", `No such file object ${checksum}, which the delta builds on`);
  }

  makeSpace(size: number): Space {
    return this.#content.make(size, (size) => this.#incoming.reserve(size));
  }

  #openContent(path: string): Space {
    if (this.#store.mode === "archive") return this.#inflate(path);
    const { header } = loadContent(path, this.#store.mode);
    if (isSymlinkMode(header.mode)) throw ostreeError("corrupt-delta", "builds on a symbolic link");
    const fd = openSync(path, "r");
    try {
      const { size } = fstatSync(fd);
      if (size > contentLimit) return mapFile(fd, size);
      const space = this.#source.make(size);
      readExactly(fd, space.bytes, 0, path);
      return space;
    } finally {
      closeSync(fd);
    }
  }

  #inflate(path: string): Space {
    const { header, size, contentOffset } = readArchiveHead(path);
    if (isSymlinkMode(header.mode)) throw ostreeError("corrupt-delta", "builds on a symbolic link");
    return inMemory(inflateExactly(readFileSync(path).subarray(contentOffset), size, path));
  }
}
