// SPDX-License-Identifier: Apache-2.0
/** Errors of system calls that are made through `node:ffi`. */
import ffi from "node:ffi";
import { getSystemErrorMap } from "node:util";

/** Where this thread's errno stands; 0 until it is needed. */
let errnoPointer = 0n;

/** Finds errno: before the first call that may fail, since the search may change it. */
export function locateErrno(): void {
  if (errnoPointer !== 0n) return;
  const { functions } = ffi.dlopen("libc.so.6", { __errno_location: { return: "pointer", arguments: [] } });
  errnoPointer = functions.__errno_location() as bigint;
}

export const errnos = {
  EACCES: 13,
  EAGAIN: 11,
  EEXIST: 17,
  EINVAL: 22,
  ENODATA: 61,
  ENOTSUP: 95,
  ENOTTY: 25,
  ERANGE: 34,
  EXDEV: 18,
};

/** Reads errno; must follow the failed call directly, of one of `libcFunctions`. */
export function lastErrno(): number {
  return ffi.getInt32(errnoPointer, 0);
}

/** An error with `code`, `errno`, `syscall` and `path` as `node:fs` throws it. */
export function failed(syscall: string, path: string, errno: number): NodeJS.ErrnoException {
  const [name, text] =
    getSystemErrorMap().get(-errno) ??
    (errno === errnos.ENODATA ? ["ENODATA", "no data available"] : [`E${errno}`, "unknown error"]);
  const error: NodeJS.ErrnoException = new Error(`${name}: ${text}, ${syscall} '${path}'`);
  return Object.assign(error, { code: name, errno: -errno, syscall, path });
}

/** The C library's text for an error number, as other programs print it (strerror(3)): `No such file or directory`. */
export function errnoText(errno: number): string {
  const { functions } = ffi.dlopen("libc.so.6", { strerror: { return: "pointer", arguments: ["int32"] } });
  return ffi.toString(functions.strerror(Math.abs(errno)) as bigint) ?? `Unknown error ${errno}`;
}

/** A result that is negative when the call failed. */
export function check(result: number | bigint, syscall: string, path: string): number {
  const value = Number(result);
  if (value < 0) throw failed(syscall, path, lastErrno());
  return value;
}
