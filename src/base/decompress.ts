// SPDX-License-Identifier: Apache-2.0
/**
 * Streaming decompression without asynchrony, for worker threads: liblzma of the system for xz, and the zlib and zstd
 * that Node itself carries and exports, all through FFI; the programs xz, gzip and zstd where a library is missing.
 *
 * Measured on the 56.6 MB Packages index of Debian 13 (2 cores): liblzma through FFI 0.64 s, `xz -dc` through a pipe
 * 0.95 s. FFI also works in the single executable, which cannot carry a native addon, and the library is on every
 * Debian and Fedora (dpkg, rpm and systemd link to it).
 */
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { baseError } from "./errors.ts";
import { temporaryName, writeAll } from "./files.ts";
import { openDecoder, type Decoder } from "./decoders.ts";
import { requireProgram } from "./process.ts";
import { type ByteSource, fileSource } from "./source.ts";

export type Compression = "none" | "gzip" | "xz" | "zstd" | "bzip2" | "lzma";

const programs = { gzip: "gzip", xz: "xz", zstd: "zstd", bzip2: "bzip2", lzma: "xz" } as const;

export interface DecompressOptions {
  /** Bytes at most that may come out, against a small file that expands without end. */
  readonly limit?: number;
  /** Use the system's program even where the library is there; for tests. */
  readonly program?: boolean;
}

/** The decompressed bytes of `source`, which is closed with the result. Damaged input is `base-damaged`. */
export function decompress(
  source: ByteSource,
  compression: Compression,
  what: string,
  options: DecompressOptions = {},
): ByteSource {
  if (compression === "none") return limited(source, options.limit, what);
  const decoder = options.program === true ? undefined : openDecoder(compression);
  const plain = decoder ? decoded(source, decoder, what) : throughProgram(source, programs[compression], what, options);
  return limited(plain, options.limit, what);
}

function limited(source: ByteSource, limit: number | undefined, what: string): ByteSource {
  if (limit === undefined) return source;
  let size = 0;
  return {
    read() {
      const piece = source.read();
      size += piece?.length ?? 0;
      if (size > limit) throw baseError("too-large", `${what}: expands to more than ${limit} bytes`);
      return piece;
    },
    close: () => source.close(),
  };
}

function decoded(source: ByteSource, decoder: Decoder, what: string): ByteSource {
  let ended = false;
  return {
    read() {
      while (!ended) {
        if (decoder.wantsInput()) decoder.feed(source.read());
        const { output, end, error } = decoder.step();
        if (error !== undefined) throw baseError("damaged", `${what}: ${error}`);
        ended = end;
        if (output.length > 0) return output;
      }
      return undefined;
    },
    close() {
      decoder.close();
      source.close();
    },
  };
}

/** Decompresses by way of two unlinked temporary files: bounded memory without an event loop. */
function throughProgram(source: ByteSource, name: string, what: string, options: DecompressOptions): ByteSource {
  const program = requireProgram(name);
  const input = openUnlinked();
  const output = openUnlinked();
  try {
    for (let piece = source.read(); piece !== undefined; piece = source.read()) writeAll(input.fd, piece);
    const stdin = openSync(`/proc/self/fd/${input.fd}`, "r");
    // The limit of the file size stops a bomb before it fills the disk (setrlimit(2) RLIMIT_FSIZE, in KiB for dash's ulimit -f of 512).
    const blocks = options.limit === undefined ? "unlimited" : String(Math.ceil(options.limit / 512) + 1);
    const result = spawnSync("sh", ["-c", 'ulimit -f "$0"; exec "$1" -dc', blocks, program], {
      stdio: [stdin, output.fd, "pipe"],
    });
    closeSync(stdin);
    if (result.signal === "SIGXFSZ")
      throw baseError("too-large", `${what}: expands to more than ${options.limit} bytes`);
    if (result.status !== 0) throw baseError("damaged", `${what}: ${name}: ${result.stderr.toString().trim()}`);
    const plain = fileSource(output.fd, 0, fstatSync(output.fd).size, what);
    return { read: () => plain.read(), close: () => (output.close(), source.close()) };
  } catch (error) {
    output.close();
    throw error;
  } finally {
    input.close();
  }
}

function openUnlinked(): { readonly fd: number; close(): void } {
  const path = temporaryName(tmpdir(), "atomic-");
  const fd = openSync(path, "wx+", 0o600);
  rmSync(path);
  let open = true;
  return {
    fd,
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** Which compression the first bytes of a file tell of. */
export function detectCompression(head: Uint8Array): Compression {
  const magic = Buffer.from(head.subarray(0, 6)).toString("hex");
  if (magic.startsWith("fd377a585a00")) return "xz";
  if (magic.startsWith("28b52ffd")) return "zstd";
  if (magic.startsWith("1f8b")) return "gzip";
  if (/^425a683[1-9]/.test(magic)) return "bzip2";
  // The properties and a dictionary size that is a power of two: .lzma has no magic number (lzma-file-format.txt).
  if (/^5d0000(?:01|02|04|08|10|20|40|80)0[0-4]/.test(magic)) return "lzma";
  return "none";
}
