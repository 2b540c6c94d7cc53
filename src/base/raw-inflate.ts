// SPDX-License-Identifier: Apache-2.0
import ffi from "node:ffi";
import { libdeflate } from "./libdeflate.ts";

/** Offsets in zlib's z_stream on 64-bit machines (zlib.h). */
const stream = { nextIn: 0, availIn: 8, nextOut: 24, availOut: 32, size: 112 } as const;
const rawWindowBits = -15;
const finish = 4;
const streamEnd = 1;
/** Data up to this size goes through the buffers. */
const limit = 4 << 20;
/** Bytes before what `inflateSmall` returns that are the caller's: to put a header there costs less than to join both. */
export const inflateHeadroom = 4096;

type Zlib = ReturnType<typeof loadZlib>;

/** The zlib inside of Node.js itself: its functions are exported by the executable. */
function loadZlib() {
  return ffi.dlopen(null, {
    inflateInit2_: { return: "int32", arguments: ["buffer", "int32", "string", "int32"] },
    inflate: { return: "int32", arguments: ["buffer", "int32"] },
    inflateReset: { return: "int32", arguments: ["buffer"] },
  }).functions;
}

/**
 * Inflates many small pieces of raw deflate data. `node:zlib` makes a new state and new buffers for each, which costs
 * more than the work; here they are kept.
 */
class RawInflater {
  readonly #zlib: Zlib;
  readonly #state = Buffer.allocUnsafeSlow(stream.size).fill(0);
  readonly #input = Buffer.allocUnsafeSlow(limit);
  readonly #output = Buffer.allocUnsafeSlow(inflateHeadroom + limit + 1);
  readonly #inputAddress = ffi.getRawPointer(this.#input);
  readonly #outputAddress = ffi.getRawPointer(this.#output) + BigInt(inflateHeadroom);

  constructor() {
    this.#zlib = loadZlib();
    // zlib compares the first digit of the version and the size of the structure.
    if (this.#zlib.inflateInit2_(this.#state, rawWindowBits, "1", stream.size) !== 0) throw new Error("inflateInit2_");
  }

  inflate(compressed: Uint8Array, size: number): Buffer | undefined {
    this.#input.set(compressed);
    const state = this.#state;
    state.writeBigUInt64LE(this.#inputAddress, stream.nextIn);
    state.writeUInt32LE(compressed.length, stream.availIn);
    state.writeBigUInt64LE(this.#outputAddress, stream.nextOut);
    state.writeUInt32LE(size + 1, stream.availOut);
    const result = this.#zlib.inflate(state, finish);
    const left = state.readUInt32LE(stream.availOut);
    this.#zlib.inflateReset(state);
    return result === streamEnd && left === 1
      ? this.#output.subarray(inflateHeadroom, inflateHeadroom + size)
      : undefined;
  }
}

let output: Buffer | undefined;
let inflater: RawInflater | "unavailable" | undefined;

/**
 * Inflates raw deflate data of known size, both up to 4 MiB.
 * @returns the content, valid until the next call, with `inflateHeadroom` bytes before it; `undefined` when this way is not to be had, or the data is damaged
 * or of another size: `node:zlib` then tells what is wrong
 */
export function inflateSmall(compressed: Uint8Array, size: number): Buffer | undefined {
  if (compressed.length > limit || size > limit) return undefined;
  const library = libdeflate();
  if (library !== undefined) {
    output ??= Buffer.allocUnsafeSlow(inflateHeadroom + limit);
    const content = output.subarray(inflateHeadroom, inflateHeadroom + size);
    return library.decompress(compressed, content) ? content : undefined;
  }
  inflater ??= openInflater();
  return inflater === "unavailable" ? undefined : inflater.inflate(compressed, size);
}

function openInflater(): RawInflater | "unavailable" {
  try {
    return new RawInflater();
  } catch {
    return "unavailable";
  }
}

/** Deflate expands at most this many times (zlib's technical details): a larger announced size is a lie. */
const largestExpansion = 1032;

/** As `inflateSmall`, of any size and into memory of its own; `undefined` also without libdeflate. */
export function inflateWhole(compressed: Uint8Array, size: number): Buffer | undefined {
  const library = libdeflate();
  if (library === undefined || size > compressed.length * largestExpansion + 64) return undefined;
  const content = Buffer.allocUnsafe(size);
  return library.decompress(compressed, content) ? content : undefined;
}
