// SPDX-License-Identifier: Apache-2.0
import ffi from "node:ffi";

/** libdeflate (libdeflate.h), where the system has it: deflate twice to three times as fast as zlib, whole buffers only. */
export interface Libdeflate {
  /** A compressor of `level` (0 to 12), kept for the life of the thread. */
  compressor(level: number): bigint;
  /** Compresses `input` into `output`; the length, or 0 when it does not fit. */
  compress(compressor: bigint, input: Uint8Array, output: Uint8Array): number;
  /** Whether `input` is a stream of exactly `output.length` bytes, which are then in `output`. */
  decompress(input: Uint8Array, output: Uint8Array): boolean;
}

let loaded: Libdeflate | "unavailable" | undefined;

/** `undefined` where the library is not there, or ATOMIC_LIBDEFLATE is `no`. */
export function libdeflate(): Libdeflate | undefined {
  loaded ??= process.env["ATOMIC_LIBDEFLATE"] === "no" ? "unavailable" : load();
  return loaded === "unavailable" ? undefined : loaded;
}

function load(): Libdeflate | "unavailable" {
  try {
    return bind();
  } catch {
    return "unavailable";
  }
}

function bind(): Libdeflate {
  const { functions: library } = ffi.dlopen("libdeflate.so.0", {
    libdeflate_alloc_compressor: { return: "uint64", arguments: ["int32"] },
    libdeflate_deflate_compress: { return: "uint64", arguments: ["uint64", "buffer", "uint64", "buffer", "uint64"] },
    libdeflate_alloc_decompressor: { return: "uint64", arguments: [] },
    // The last argument is NULL: the output must be of exactly the size asked for.
    libdeflate_deflate_decompress: {
      return: "int32",
      arguments: ["uint64", "buffer", "uint64", "buffer", "uint64", "uint64"],
    },
  });
  const compressors = new Map<number, bigint>();
  const decompressor = library.libdeflate_alloc_decompressor();
  return {
    compressor(level) {
      const kept = compressors.get(level) ?? library.libdeflate_alloc_compressor(level);
      compressors.set(level, kept);
      return kept;
    },
    compress: (compressor, input, output) =>
      Number(
        library.libdeflate_deflate_compress(compressor, input, BigInt(input.length), output, BigInt(output.length)),
      ),
    decompress: (input, output) =>
      library.libdeflate_deflate_decompress(
        decompressor,
        input,
        BigInt(input.length),
        output,
        BigInt(output.length),
        0n,
      ) === 0,
  };
}
