// SPDX-License-Identifier: Apache-2.0
/** The C decoders behind `decompress`. Each fills its state structure by hand; the layouts are those of the C headers on 64-bit Linux. */
import ffi from "node:ffi";
import { pieceSize } from "./source.ts";

export interface Decoder {
  wantsInput(): boolean;
  /** Hands over the next compressed bytes; `undefined`: there are no more. */
  feed(piece: Buffer | undefined): void;
  /** Decodes some. `output` is valid until the next step. */
  step(): Step;
  close(): void;
}

interface Step {
  readonly output: Buffer;
  readonly end: boolean;
  readonly error?: string;
}

/** A decoder for `compression`, or `undefined` where the library is not there. */
export function openDecoder(compression: "gzip" | "xz" | "zstd" | "bzip2" | "lzma"): Decoder | undefined {
  try {
    return { gzip: openGzip, xz: openXz, zstd: openZstd, bzip2: openBzip2, lzma: () => openXz(true) }[compression]();
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("ERR_FFI")) return undefined;
    throw error;
  }
}

const truncated = "the compressed data ends too early";

/** Input and output areas that do not move, and the cursor in the input. */
class Areas {
  readonly input = Buffer.allocUnsafeSlow(pieceSize);
  readonly output = Buffer.allocUnsafeSlow(2 * pieceSize);
  readonly inputAddress = ffi.getRawPointer(this.input);
  readonly outputAddress = ffi.getRawPointer(this.output);
  start = 0;
  end = 0;
  ended = false;
  #rest: Buffer | undefined;

  wantsInput(): boolean {
    return this.start === this.end && !this.ended && this.#rest === undefined;
  }

  feed(piece: Buffer | undefined): void {
    if (piece === undefined) this.ended = true;
    else this.#load(piece);
  }

  /** Before a step: the next part of a piece that is larger than the area. */
  refill(): void {
    const rest = this.#rest;
    if (this.start === this.end && rest !== undefined) this.#load(rest);
  }

  #load(piece: Buffer): void {
    this.start = 0;
    this.end = piece.copy(this.input);
    // A piece that fits is copied whole; a larger one belongs to a source that delivers it once (bytes in memory).
    this.#rest = piece.length > this.end ? piece.subarray(this.end) : undefined;
  }

  get exhausted(): boolean {
    return this.ended && this.start === this.end;
  }
}

abstract class AreaDecoder implements Decoder {
  protected readonly areas = new Areas();
  /** The last step filled the output area, so that more may be held back. */
  #full = false;
  #open = true;

  wantsInput(): boolean {
    return !this.#full && this.areas.wantsInput();
  }

  feed(piece: Buffer | undefined): void {
    this.areas.feed(piece);
  }

  step(): Step {
    if (!this.#open) throw new Error("a decoder was used after it was closed");
    this.areas.refill();
    return this.decode();
  }

  close(): void {
    if (this.#open) this.free();
    this.#open = false;
  }

  /** All input was handed over and all output taken. */
  protected get drained(): boolean {
    return this.areas.exhausted && !this.#full;
  }

  protected result(produced: number, end: boolean, error?: string): Step {
    this.#full = produced === this.areas.output.length;
    const output = this.areas.output.subarray(0, produced);
    return error === undefined ? { output, end } : { output, end, error };
  }

  protected abstract decode(): Step;
  protected abstract free(): void;
}

const lzma = lazily(
  () =>
    ffi.dlopen("liblzma.so.5", {
      lzma_stream_decoder: { return: "uint32", arguments: ["buffer", "uint64", "uint32"] },
      lzma_alone_decoder: { return: "uint32", arguments: ["buffer", "uint64"] },
      lzma_code: { return: "uint32", arguments: ["buffer", "uint32"] },
      lzma_end: { return: "void", arguments: ["buffer"] },
    }).functions,
);

/** lzma/base.h: a decoder that may use this much memory reads every preset of xz (-9 takes 65 MiB) and no bomb. */
const xzMemory = 192n << 20n;
const LZMA_CONCATENATED = 8;
const LZMA_RUN = 0;
const LZMA_FINISH = 3;
const LZMA_STREAM_END = 1;
const lzmaErrors: Record<number, string> = {
  5: "out of memory",
  6: "needs more memory than is safe",
  7: "is not in xz format",
  8: "uses an xz option that liblzma does not know",
  9: "the xz data is damaged",
  10: truncated,
};

/** @param alone the older format .lzma, which has no check sum */
function openXz(alone = false): Decoder {
  const library = lzma();
  return new (class extends AreaDecoder {
    // lzma_stream: next_in 0, avail_in 8, total_in 16, next_out 24, avail_out 32, ...
    readonly #stream = Buffer.allocUnsafeSlow(136).fill(0);

    constructor() {
      super();
      const code = alone
        ? library.lzma_alone_decoder(this.#stream, xzMemory)
        : library.lzma_stream_decoder(this.#stream, xzMemory, LZMA_CONCATENATED);
      if (Number(code) !== 0) throw new Error(`lzma decoder: ${code}`);
    }

    protected override decode(): Step {
      const { areas } = this;
      this.#stream.writeBigUInt64LE(areas.inputAddress + BigInt(areas.start), 0);
      this.#stream.writeBigUInt64LE(BigInt(areas.end - areas.start), 8);
      this.#stream.writeBigUInt64LE(areas.outputAddress, 24);
      this.#stream.writeBigUInt64LE(BigInt(areas.output.length), 32);
      const code = Number(library.lzma_code(this.#stream, areas.ended ? LZMA_FINISH : LZMA_RUN));
      areas.start = areas.end - Number(this.#stream.readBigUInt64LE(8));
      const produced = areas.output.length - Number(this.#stream.readBigUInt64LE(32));
      if (code === 0 || code === LZMA_STREAM_END) return this.result(produced, code === LZMA_STREAM_END);
      return this.result(produced, true, lzmaErrors[code] ?? `liblzma error ${code}`);
    }

    protected override free(): void {
      library.lzma_end(this.#stream);
    }
  })();
}

const zlib = lazily(
  () =>
    ffi.dlopen(null, {
      inflateInit2_: { return: "int32", arguments: ["buffer", "int32", "string", "int32"] },
      inflate: { return: "int32", arguments: ["buffer", "int32"] },
      inflateReset: { return: "int32", arguments: ["buffer"] },
      inflateEnd: { return: "int32", arguments: ["buffer"] },
    }).functions,
);

const zStreamSize = 112;
/** zlib.h, inflateInit2: 15 bits of window, 16: a gzip header is expected. */
const gzipWindow = 15 + 16;
const Z_STREAM_END = 1;
const Z_BUF_ERROR = -5;

function openGzip(): Decoder {
  const library = zlib();
  return new (class extends AreaDecoder {
    // z_stream: next_in 0, avail_in 8, total_in 16, next_out 24, avail_out 32, ...
    readonly #stream = Buffer.allocUnsafeSlow(zStreamSize).fill(0);
    #between = false;

    constructor() {
      super();
      const code = Number(library.inflateInit2_(this.#stream, gzipWindow, "1", zStreamSize));
      if (code !== 0) throw new Error(`inflateInit2: ${code}`);
    }

    protected override decode(): Step {
      const { areas } = this;
      if (this.drained) return this.result(0, true, this.#between ? undefined : truncated);
      this.#stream.writeBigUInt64LE(areas.inputAddress + BigInt(areas.start), 0);
      this.#stream.writeUInt32LE(areas.end - areas.start, 8);
      this.#stream.writeBigUInt64LE(areas.outputAddress, 24);
      this.#stream.writeUInt32LE(areas.output.length, 32);
      const code = Number(library.inflate(this.#stream, 0));
      areas.start = areas.end - this.#stream.readUInt32LE(8);
      const produced = areas.output.length - this.#stream.readUInt32LE(32);
      // A gzip file may be several members, one after another (RFC 1952 section 2.2).
      this.#between = code === Z_STREAM_END || (this.#between && produced === 0 && areas.exhausted);
      if (code === Z_STREAM_END) library.inflateReset(this.#stream);
      if (code < 0 && code !== Z_BUF_ERROR) return this.result(produced, true, "the gzip data is damaged");
      return this.result(produced, false);
    }

    protected override free(): void {
      library.inflateEnd(this.#stream);
    }
  })();
}

const bzip2 = lazily(
  () =>
    ffi.dlopen("libbz2.so.1.0", {
      BZ2_bzDecompressInit: { return: "int32", arguments: ["buffer", "int32", "int32"] },
      BZ2_bzDecompress: { return: "int32", arguments: ["buffer"] },
      BZ2_bzDecompressEnd: { return: "int32", arguments: ["buffer"] },
    }).functions,
);

const bzStreamSize = 80;
const BZ_STREAM_END = 4;

function openBzip2(): Decoder {
  const library = bzip2();
  return new (class extends AreaDecoder {
    // bz_stream: next_in 0, avail_in 8, total_in 12, next_out 24, avail_out 32, ...
    readonly #stream = Buffer.allocUnsafeSlow(bzStreamSize).fill(0);
    #between = false;

    constructor() {
      super();
      this.#start();
    }

    #start(): void {
      const code = Number(library.BZ2_bzDecompressInit(this.#stream, 0, 0));
      if (code !== 0) throw new Error(`BZ2_bzDecompressInit: ${code}`);
    }

    protected override decode(): Step {
      const { areas } = this;
      if (this.drained) return this.result(0, true, this.#between ? undefined : truncated);
      // Several streams may follow one another, as parallel compressors write them.
      if (this.#between && areas.end > areas.start) {
        this.free();
        this.#stream.fill(0);
        this.#start();
        this.#between = false;
      }
      this.#stream.writeBigUInt64LE(areas.inputAddress + BigInt(areas.start), 0);
      this.#stream.writeUInt32LE(areas.end - areas.start, 8);
      this.#stream.writeBigUInt64LE(areas.outputAddress, 24);
      this.#stream.writeUInt32LE(areas.output.length, 32);
      const code = this.#between ? 0 : Number(library.BZ2_bzDecompress(this.#stream));
      areas.start = areas.end - this.#stream.readUInt32LE(8);
      const produced = areas.output.length - this.#stream.readUInt32LE(32);
      if (code === BZ_STREAM_END) this.#between = true;
      return code < 0 ? this.result(produced, true, "the bzip2 data is damaged") : this.result(produced, false);
    }

    protected override free(): void {
      library.BZ2_bzDecompressEnd(this.#stream);
    }
  })();
}

const zstd = lazily(
  () =>
    ffi.dlopen(null, {
      ZSTD_createDStream: { return: "pointer", arguments: [] },
      ZSTD_decompressStream: { return: "uint64", arguments: ["pointer", "buffer", "buffer"] },
      ZSTD_isError: { return: "uint32", arguments: ["uint64"] },
      ZSTD_freeDStream: { return: "uint64", arguments: ["pointer"] },
    }).functions,
);

function openZstd(): Decoder {
  const library = zstd();
  return new (class extends AreaDecoder {
    readonly #context = library.ZSTD_createDStream() as bigint;
    // ZSTD_inBuffer and ZSTD_outBuffer: pointer, size, position.
    readonly #in = Buffer.allocUnsafeSlow(24).fill(0);
    readonly #out = Buffer.allocUnsafeSlow(24).fill(0);
    #between = true;

    protected override decode(): Step {
      const { areas } = this;
      if (this.drained) return this.result(0, true, this.#between ? undefined : truncated);
      this.#in.writeBigUInt64LE(areas.inputAddress, 0);
      this.#in.writeBigUInt64LE(BigInt(areas.end), 8);
      this.#in.writeBigUInt64LE(BigInt(areas.start), 16);
      this.#out.writeBigUInt64LE(areas.outputAddress, 0);
      this.#out.writeBigUInt64LE(BigInt(areas.output.length), 8);
      this.#out.writeBigUInt64LE(0n, 16);
      const hint = library.ZSTD_decompressStream(this.#context, this.#out, this.#in) as bigint;
      if (Number(library.ZSTD_isError(hint)) !== 0) return this.result(0, true, "the zstd data is damaged");
      areas.start = Number(this.#in.readBigUInt64LE(16));
      const produced = Number(this.#out.readBigUInt64LE(16));
      this.#between = hint === 0n || (this.#between && produced === 0 && areas.exhausted);
      return this.result(produced, false);
    }

    protected override free(): void {
      library.ZSTD_freeDStream(this.#context);
    }
  })();
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
