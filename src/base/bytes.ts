// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { baseError } from "./errors.ts";

/** Text of unknown encoding: what is not UTF-8 is read as ISO 8859-1, which loses nothing. */
export function decodeText(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
}

/** Bounds-checked cursor over bytes: the one place where binary input is indexed. Never copies. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #offset = 0;

  /** @param what name of the input, for errors */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The next `length` bytes, as a view of the input. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  seek(offset: number): void {
    this.#offset = 0;
    this.#advance(offset);
  }

  /** Skips to the next multiple of `alignment`, counted from the start of the input. */
  align(alignment: number): void {
    this.skip((alignment - (this.#offset % alignment)) % alignment);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(littleEndian = false): number {
    return this.#view.getUint16(this.#advance(2), littleEndian);
  }

  u32(littleEndian = false): number {
    return this.#view.getUint32(this.#advance(4), littleEndian);
  }

  u64(littleEndian = false): bigint {
    return this.#view.getBigUint64(this.#advance(8), littleEndian);
  }

  /** Asserts that all input was read. */
  end(): void {
    if (this.remaining > 0) {
      throw baseError(
        "trailing-data",
        `${this.#what}: ${this.remaining} bytes after the end, at offset ${this.#offset}`,
      );
    }
  }

  #advance(length: number): number {
    if (!Number.isSafeInteger(length) || length < 0 || length > this.remaining) {
      throw baseError(
        "truncated",
        `${this.#what}: ${length} bytes wanted at offset ${this.#offset}, ${this.remaining} left`,
      );
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

/** Grows as it is written; big-endian unless told otherwise. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  put(bytes: Uint8Array): this {
    const start = this.#room(bytes.length);
    this.#bytes.set(bytes, start);
    return this;
  }

  zeros(count: number): this {
    const start = this.#room(count);
    this.#bytes.fill(0, start, start + count);
    return this;
  }

  align(alignment: number): this {
    return this.zeros((alignment - (this.#length % alignment)) % alignment);
  }

  u8(value: number): this {
    const start = this.#room(1);
    this.#bytes.writeUInt8(value, start);
    return this;
  }

  u16(value: number, littleEndian = false): this {
    const start = this.#room(2);
    if (littleEndian) this.#bytes.writeUInt16LE(value, start);
    else this.#bytes.writeUInt16BE(value, start);
    return this;
  }

  u32(value: number, littleEndian = false): this {
    const start = this.#room(4);
    if (littleEndian) this.#bytes.writeUInt32LE(value, start);
    else this.#bytes.writeUInt32BE(value, start);
    return this;
  }

  u64(value: bigint, littleEndian = false): this {
    const start = this.#room(8);
    if (littleEndian) this.#bytes.writeBigUInt64LE(value, start);
    else this.#bytes.writeBigUInt64BE(value, start);
    return this;
  }

  /** The bytes written so far; the writer must not be used afterwards. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room and gives its start. Call it before naming `#bytes`, which it may replace. */
  #room(count: number): number {
    const start = this.#length;
    const needed = start + count;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    this.#length = needed;
    return start;
  }
}
