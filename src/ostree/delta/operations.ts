// SPDX-License-Identifier: Apache-2.0
/** The instructions of a part, decoded (ostree-repo-static-delta-processing.c: _ostree_static_delta_part_execute). */
import { ostreeError } from "../errors.ts";
import { opcodes } from "./part-format.ts";

/** A range of the part's data, or of the read source. */
export interface Range {
  readonly offset: number;
  readonly size: number;
}

/** What a content object is opened with: numbers of its mode and its attributes in the part's tables, and its size. */
export interface ContentOpening {
  readonly mode: number;
  readonly xattrs: number;
  readonly size: number;
}

/** Does what the instructions say; numbers are not checked against anything yet. `object` counts from 0. */
export interface OperationHandler {
  /** Whether the object is metadata: the arguments of `S` depend on it. */
  isMetadata(object: number): boolean;
  spliceMetadata(object: number, range: Range): void;
  spliceContent(object: number, opening: ContentOpening, offset: number): void;
  open(object: number, opening: ContentOpening): void;
  write(range: Range): void;
  /** @param offset of a checksum in the data */
  setReadSource(offset: number): void;
  unsetReadSource(): void;
  bspatch(range: Range): void;
  close(): void;
}

/**
 * Runs all instructions. Refused is what libostree answers with an assertion: writing or closing what is not open,
 * opening when something is, and more objects than were announced; also fewer.
 * @param count objects that the part announces
 */
export function runOperations(operations: Uint8Array, count: number, handler: OperationHandler): void {
  new OperationRun(operations, count, handler).run();
}

class OperationRun {
  readonly #bytes: Uint8Array;
  readonly #count: number;
  readonly #handler: OperationHandler;
  #offset = 0;
  #object = 0;
  #open = false;

  constructor(bytes: Uint8Array, count: number, handler: OperationHandler) {
    this.#bytes = bytes;
    this.#count = count;
    this.#handler = handler;
  }

  run(): void {
    while (this.#offset < this.#bytes.length) {
      const start = this.#offset;
      const opcode = this.#bytes[this.#offset++];
      switch (opcode) {
        case opcodes.openSpliceAndClose:
          prefixed("open-splice-and-close", () => this.#splice());
          break;
        case opcodes.open:
          prefixed("open", () => this.#openObject());
          break;
        case opcodes.write:
          prefixed("write", () => this.#write());
          break;
        case opcodes.setReadSource:
          prefixed("set-read-source", () => this.#handler.setReadSource(this.#number()));
          break;
        case opcodes.unsetReadSource:
          prefixed("unset-read-source", () => this.#handler.unsetReadSource());
          break;
        case opcodes.bspatch:
          prefixed("bspatch", () => this.#bspatch());
          break;
        case opcodes.close:
          prefixed("close", () => this.#close());
          break;
        default:
          throw ostreeError("corrupt-delta", `Unknown opcode ${opcode} at offset ${start}`);
      }
    }
    if (this.#open) throw ostreeError("corrupt-delta", "the instructions end inside of an object");
    if (this.#object !== this.#count) {
      throw ostreeError("corrupt-delta", `${this.#object} objects are made, ${this.#count} were announced`);
    }
  }

  #splice(): void {
    this.#begin();
    if (this.#handler.isMetadata(this.#object)) {
      const size = this.#number();
      this.#handler.spliceMetadata(this.#object, { size, offset: this.#number() });
    } else {
      const opening = this.#opening();
      this.#handler.spliceContent(this.#object, opening, this.#number());
    }
    this.#object++;
  }

  #openObject(): void {
    this.#begin();
    if (this.#handler.isMetadata(this.#object)) throw ostreeError("corrupt-delta", "the object is not content");
    this.#handler.open(this.#object, this.#opening());
    this.#open = true;
  }

  #write(): void {
    this.#requireOpen();
    const size = this.#number();
    this.#handler.write({ size, offset: this.#number() });
  }

  #bspatch(): void {
    this.#requireOpen();
    const offset = this.#number();
    this.#handler.bspatch({ offset, size: this.#number() });
  }

  #close(): void {
    this.#requireOpen();
    this.#handler.close();
    this.#open = false;
    this.#object++;
  }

  #begin(): void {
    if (this.#open) throw ostreeError("corrupt-delta", "an object is open already");
    if (this.#object >= this.#count)
      throw ostreeError("corrupt-delta", `more than the announced ${this.#count} objects`);
  }

  #requireOpen(): void {
    if (!this.#open) throw ostreeError("corrupt-delta", "no object is open");
  }

  #opening(): ContentOpening {
    const mode = this.#number();
    const xattrs = this.#number();
    return { mode, xattrs, size: this.#number() };
  }

  /** _ostree_read_varuint64: seven bits a byte. A number that no size or place can be is refused at once. */
  #number(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.#offset];
      if (byte === undefined) break;
      this.#offset++;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (Number.isSafeInteger(value)) return value;
        throw ostreeError("corrupt-delta", `the number ${value} is too large`);
      }
      factor *= 128;
    }
    throw ostreeError("corrupt-delta", "Unexpected EOF reading varint");
  }
}

function prefixed(name: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) error.message = `opcode ${name}: ${error.message}`;
    throw error;
  }
}

/** Instructions of each kind, as `static-delta show` counts them. */
export interface OperationCounts {
  splice: number;
  open: number;
  write: number;
  setReadSource: number;
  unsetReadSource: number;
  close: number;
  bspatch: number;
}

/** Counts without doing anything. @param isMetadata of each announced object */
export function countOperations(
  operations: Uint8Array,
  count: number,
  isMetadata: (object: number) => boolean,
): OperationCounts {
  const counts = { splice: 0, open: 0, write: 0, setReadSource: 0, unsetReadSource: 0, close: 0, bspatch: 0 };
  runOperations(operations, count, {
    isMetadata,
    spliceMetadata: () => counts.splice++,
    spliceContent: () => counts.splice++,
    open: () => counts.open++,
    write: () => counts.write++,
    setReadSource: () => counts.setReadSource++,
    unsetReadSource: () => counts.unsetReadSource++,
    bspatch: () => counts.bspatch++,
    close: () => counts.close++,
  });
  return counts;
}
