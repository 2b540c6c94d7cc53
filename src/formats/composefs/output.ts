// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "./model.ts";

const bufferSize = 256 << 10;

/** Little-endian output of any length through one buffer. */
export class ImageOutput {
  readonly #sink: (piece: Uint8Array) => void;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferSize);
  #filled = 0;
  #written = 0;

  constructor(sink: (piece: Uint8Array) => void) {
    this.#sink = sink;
  }

  u8(value: number): this {
    this.#buffer[this.#room(1)] = value;
    return this;
  }

  u16(value: number): this {
    this.#buffer.writeUInt16LE(value, this.#room(2));
    return this;
  }

  u32(value: number): this {
    this.#buffer.writeUInt32LE(value, this.#room(4));
    return this;
  }

  /** @param value a safe integer */
  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }

  text(text: ByteString): this {
    this.#buffer.write(text, this.#room(text.length), "latin1");
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#buffer.set(bytes, this.#room(bytes.length));
    return this;
  }

  zeros(count: number): this {
    const start = this.#room(count);
    this.#buffer.fill(0, start, start + count);
    return this;
  }

  align(unit: number): this {
    const rest = (this.#written + this.#filled) % unit;
    return rest === 0 ? this : this.zeros(unit - rest);
  }

  end(): void {
    if (this.#filled > 0) this.#sink(this.#buffer.subarray(0, this.#filled));
    this.#written += this.#filled;
    this.#filled = 0;
  }

  /** @param count fits into the buffer: attribute values and blocks are the longest */
  #room(count: number): number {
    if (this.#filled + count > bufferSize) this.end();
    const start = this.#filled;
    this.#filled += count;
    return start;
  }
}
