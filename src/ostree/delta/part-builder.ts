// SPDX-License-Identifier: Apache-2.0
/** A part while it is filled: objects, their bytes, and the instructions that make them. */
import type { Xattr } from "../../base/index.ts";
import { xattrsToVariant } from "../file-object.ts";
import { type Checksum, type FileHeader, isSymlinkMode } from "../model.ts";
import { writeGVariant } from "../../formats/index.ts";
import type { EncodedContent } from "./encode-content.ts";
import { type DeltaObject, encodeObjects } from "./format.ts";
import { encodePartPayload, opcodes, type PartMode } from "./part-format.ts";

/** What the superblock says of a part, and its bytes before compression. */
export interface BuiltPart {
  readonly payload: Buffer;
  readonly usize: number;
  /** As the superblock lists them. */
  readonly objects: Buffer;
}

/** A number in an instruction: as it is, or the place of a source's checksum, which is known at the end. */
type Operand = number | { readonly source: number };

export class PartBuilder {
  readonly #objects: DeltaObject[] = [];
  readonly #pieces: Uint8Array[] = [];
  #dataSize = 0;
  readonly #operations: Operand[] = [];
  readonly #modes = new Table<PartMode>(({ uid, gid, mode }) => `${uid}:${gid}:${mode}`);
  readonly #xattrs = new Table<readonly Xattr[]>((set) =>
    writeGVariant("a(ayay)", xattrsToVariant(set)).toString("latin1"),
  );
  /** Checksums of read sources stand together behind all other data: nothing compresses them. */
  readonly #sources: Checksum[] = [];
  #usize = 0;

  get isEmpty(): boolean {
    return this.#objects.length === 0;
  }

  /** Bytes of the payload, about: what memory a client needs for the part. */
  get size(): number {
    return this.#dataSize + this.#sources.length * 32 + this.#operations.length * 3;
  }

  addMetadata(object: DeltaObject, bytes: Uint8Array): void {
    this.#begin(object, bytes.length);
    this.#operations.push(opcodes.openSpliceAndClose, bytes.length, this.#put(bytes));
  }

  addSymlink(checksum: Checksum, header: FileHeader): void {
    const target = Buffer.from(header.symlink);
    this.#begin({ type: "file", checksum }, 0);
    this.#operations.push(opcodes.openSpliceAndClose, ...this.#opening(header, target.length), this.#put(target));
  }

  /** @param source checksum of the old file; of no account for content that is carried whole */
  addFile(
    checksum: Checksum,
    header: FileHeader,
    size: number,
    content: EncodedContent,
    source: Checksum | undefined,
  ): void {
    if (isSymlinkMode(header.mode)) throw new Error("a symbolic link has no content");
    this.#begin({ type: "file", checksum }, size);
    const opening = this.#opening(header, size);
    if (content.kind === "whole") {
      this.#operations.push(opcodes.openSpliceAndClose, ...opening, this.#put(content.data));
      return;
    }
    if (source === undefined) throw new Error("a patch without its source");
    this.#operations.push(opcodes.open, ...opening);
    const at = { source: this.#sources.push(source) - 1 };
    if (content.kind === "bsdiff") {
      const patch = [this.#put(content.data), content.data.length];
      this.#operations.push(opcodes.setReadSource, at, opcodes.bspatch, ...patch, opcodes.unsetReadSource);
    } else this.#addPieces(content.data, content.pieces, at);
    this.#operations.push(opcodes.close);
  }

  /** The read source is unset where new bytes follow, and at the end. */
  #addPieces(data: Uint8Array, pieces: Float64Array, at: Operand): void {
    const start = this.#put(data);
    let reading = false;
    for (let index = 0; index < pieces.length; index += 3) {
      const [copied, from, size] = pieces.subarray(index, index + 3) as unknown as [number, number, number];
      if (copied && !reading) this.#operations.push(opcodes.setReadSource, at);
      if (!copied && reading) this.#operations.push(opcodes.unsetReadSource);
      reading = copied === 1;
      this.#operations.push(opcodes.write, size, copied ? from : start + from);
    }
    if (reading) this.#operations.push(opcodes.unsetReadSource);
  }

  build(): BuiltPart {
    const sourceBytes = this.#sources.map((checksum) => Buffer.from(checksum, "hex"));
    const payload = encodePartPayload({
      modes: this.#modes.values,
      xattrs: this.#xattrs.values,
      data: [...this.#pieces, ...sourceBytes],
      operations: encodeOperations(this.#operations, this.#dataSize),
    });
    return { payload, usize: this.#usize, objects: encodeObjects(this.#objects) };
  }

  #begin(object: DeltaObject, size: number): void {
    this.#objects.push(object);
    this.#usize += size;
  }

  #opening(header: FileHeader, size: number): [number, number, number] {
    return [this.#modes.indexOf(header), this.#xattrs.indexOf(header.xattrs), size];
  }

  /** Where the bytes stand in the data. */
  #put(bytes: Uint8Array): number {
    const offset = this.#dataSize;
    this.#pieces.push(bytes);
    this.#dataSize += bytes.length;
    return offset;
  }
}

/** Values that stand once in a part, and are referred to by number. */
class Table<T> {
  readonly values: T[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #keyOf: (value: T) => string;

  constructor(keyOf: (value: T) => string) {
    this.#keyOf = keyOf;
  }

  indexOf(value: T): number {
    const key = this.#keyOf(value);
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    this.#indexes.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}

/** Opcodes stand as they are, which is how _ostree_write_varuint64 writes numbers below 128. */
function encodeOperations(operations: readonly Operand[], sourcesAt: number): Buffer {
  const bytes: number[] = [];
  for (const operand of operations) {
    let value = typeof operand === "number" ? operand : sourcesAt + operand.source * 32;
    while (value >= 128) {
      bytes.push((value % 128) | 128);
      value = Math.floor(value / 128);
    }
    bytes.push(value);
  }
  return Buffer.from(bytes);
}
