// SPDX-License-Identifier: Apache-2.0
import { readSync } from "node:fs";
import { baseError, isErrno } from "./errors.ts";
import { waitBriefly } from "./files.ts";

/** Bytes that are pulled, synchronously, piece by piece: how archives of any size are read in bounded memory. */
export interface ByteSource {
  /** The next bytes, at least one, or `undefined` at the end. The buffer is used again by the next call. */
  read(): Buffer | undefined;
  /** Frees what the source holds; reading after it is a mistake. May be called twice. */
  close(): void;
}

export const pieceSize = 128 << 10;

/** A range of an open file. The descriptor stays the caller's. Throws `base-truncated` when the file is shorter. */
export function fileSource(fd: number, offset: number, length: number, what: string): ByteSource {
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(pieceSize, length)));
  let position = offset;
  let left = length;
  return {
    read() {
      if (left === 0) return undefined;
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, left), position);
      if (count === 0) throw baseError("truncated", `${what}: ${left} more bytes were announced at offset ${position}`);
      position += count;
      left -= count;
      return buffer.subarray(0, count);
    },
    close() {},
  };
}

/** All that an open file, pipe or socket gives, from where it stands. The descriptor stays the caller's. */
export function streamSource(fd: number): ByteSource {
  const buffer = Buffer.allocUnsafe(pieceSize);
  let ended = false;
  return {
    read() {
      if (ended) return undefined;
      const count = readWaiting(fd, buffer);
      ended = count === 0;
      return ended ? undefined : buffer.subarray(0, count);
    },
    close() {},
  };
}

/** A pipe may be set not to block by whoever holds its other end: then it is asked again a little later. */
function readWaiting(fd: number, buffer: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, buffer);
    } catch (error) {
      if (!isErrno(error, "EAGAIN")) throw error;
      waitBriefly();
    }
  }
}

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  let rest: Buffer | undefined =
    bytes.length === 0 ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    read() {
      const piece = rest;
      rest = undefined;
      return piece;
    },
    close() {},
  };
}

/** Reads a source to its end. @param limit bytes at most, more is `base-too-large`: it cannot exhaust our memory */
export function readWhole(source: ByteSource, limit: number, what: string): Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  for (let piece = source.read(); piece !== undefined; piece = source.read()) {
    size += piece.length;
    if (size > limit) throw baseError("too-large", `${what}: more than ${limit} bytes`);
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

/** Exact reads over a source, whatever the pieces that it delivers. */
export class SourceReader {
  readonly #source: ByteSource;
  readonly #what: string;
  #piece: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(source: ByteSource, what: string) {
    this.#source = source;
    this.#what = what;
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Up to `limit` of the next bytes, at least one unless at the end; valid until the next call. */
  some(limit: number): Buffer | undefined {
    if (this.#piece.length === 0) {
      const next = this.#source.read();
      if (next === undefined) return undefined;
      this.#piece = next;
    }
    const taken = this.#piece.subarray(0, limit);
    this.#piece = this.#piece.subarray(taken.length);
    this.#offset += taken.length;
    return taken;
  }

  /** Exactly `length` bytes in a buffer of the caller's own; its size must have been checked against a limit. */
  take(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length;) filled += this.#more(length - filled).copy(bytes, filled);
    return bytes;
  }

  skip(length: number): void {
    for (let left = length; left > 0;) left -= this.#more(left).length;
  }

  #more(wanted: number): Buffer {
    const piece = this.some(wanted);
    if (piece !== undefined) return piece;
    throw baseError("truncated", `${this.#what}: ended at offset ${this.#offset}, ${wanted} more bytes were announced`);
  }
}
