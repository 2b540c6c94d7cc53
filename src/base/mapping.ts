// SPDX-License-Identifier: Apache-2.0
/** Files as memory (mmap(2)): for content of any size, of which the kernel keeps as much in memory as it has room for. */
import ffi from "node:ffi";
import { closeSync, openSync, rmSync } from "node:fs";
import { temporaryName } from "./files.ts";
import { libcFunctions } from "./libc.ts";

const libc = libcFunctions({
  mmap: { return: "pointer", arguments: ["pointer", "uint64", "int32", "int32", "int32", "int64"] },
  munmap: { return: "int32", arguments: ["pointer", "uint64"] },
  posix_fallocate: { return: "int32", arguments: ["int32", "int64", "int64"] },
});

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const ENOSPC = 28;
const EDQUOT = 122;

/** The bytes must not be touched after disposal: the addresses are no longer ours. */
export interface MappedFile extends Disposable {
  readonly bytes: Buffer;
}

/**
 * Maps the first `length` bytes of a file for reading; the descriptor may be closed meanwhile. The file must have them as
 * long as they are used: reading beyond the end of a file that was cut kills the process (SIGBUS).
 */
export function mapFile(fd: number, length: number): MappedFile {
  return map(fd, length, PROT_READ);
}

/** Zeros to write to, in a file that has no name and whose space is taken already. */
export function mapTemporary(directory: string, length: number): MappedFile {
  const path = temporaryName(directory);
  const fd = openSync(path, "wx+", 0o600);
  try {
    rmSync(path);
    // Without it a full disk would show as SIGBUS at the first touch of a page.
    const errno = length === 0 ? 0 : Number(libc.posix_fallocate(fd, 0n, BigInt(length)));
    if (errno !== 0) throw failed("posix_fallocate", errno, directory);
    return map(fd, length, PROT_READ | PROT_WRITE);
  } finally {
    closeSync(fd);
  }
}

function failed(syscall: string, errno: number, path: string): Error {
  const code = errno === ENOSPC ? "ENOSPC" : errno === EDQUOT ? "EDQUOT" : `E${errno}`;
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, errno: -errno, syscall, path });
}

function map(fd: number, length: number, protection: number): MappedFile {
  if (length === 0) return { bytes: Buffer.alloc(0), [Symbol.dispose]: () => {} };
  const address = libc.mmap(0n, BigInt(length), protection, MAP_SHARED, fd, 0n) as bigint;
  if (address === MAP_FAILED) throw new Error(`a file of ${length} bytes cannot be mapped into memory`);
  let mapped = true;
  return {
    bytes: ffi.toBuffer(address, length, false),
    [Symbol.dispose]() {
      if (mapped) libc.munmap(address, BigInt(length));
      mapped = false;
    },
  };
}
