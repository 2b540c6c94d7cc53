// SPDX-License-Identifier: Apache-2.0
/** Extended attributes (xattr(7)): of paths, never of a symlink's target, and of open files. */
import ffi from "node:ffi";
import { check, errnos, failed, lastErrno } from "./errno.ts";
import { libcFunctions } from "./libc.ts";

const libc = libcFunctions({
  llistxattr: { return: "int64", arguments: ["string", "pointer", "uint64"] },
  lgetxattr: { return: "int64", arguments: ["string", "pointer", "pointer", "uint64"] },
  lsetxattr: { return: "int32", arguments: ["string", "string", "buffer", "uint64", "int32"] },
  lremovexattr: { return: "int32", arguments: ["string", "string"] },
  flistxattr: { return: "int64", arguments: ["int32", "pointer", "uint64"] },
  fgetxattr: { return: "int64", arguments: ["int32", "pointer", "pointer", "uint64"] },
  getxattr: { return: "int64", arguments: ["string", "pointer", "pointer", "uint64"] },
  setxattr: { return: "int32", arguments: ["string", "string", "buffer", "uint64", "int32"] },
  fsetxattr: { return: "int32", arguments: ["int32", "string", "buffer", "uint64", "int32"] },
});

/** An extended attribute: full name (`user.x`, `security.selinux`) and raw value. */
export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

/** The kernel allocates as much as it is offered: it is offered the largest size only when it asks for it. */
const usualRoom = 1024n;
/** XATTR_SIZE_MAX and XATTR_LIST_MAX */
const largestRoom = 65536n;
// One buffer for each purpose: the calls are synchronous, and results are copied out.
const names = Buffer.allocUnsafeSlow(Number(largestRoom));
const value = Buffer.allocUnsafeSlow(Number(largestRoom));
const namesPointer = ffi.getRawPointer(names);
const valuePointer = ffi.getRawPointer(value);

/** Length of the result, or an error number below zero. */
function inRoom(call: (room: bigint) => number | bigint): number {
  const length = Number(call(usualRoom));
  if (length >= 0) return length;
  const errno = lastErrno();
  if (errno !== errnos.ERANGE) return -errno;
  const second = Number(call(largestRoom));
  return second >= 0 ? second : -lastErrno();
}

interface CName {
  /** Kept, for the pointer to stay valid. */
  readonly bytes: Buffer;
  readonly pointer: bigint;
}

/** The same few names are asked for again and again. */
const cNames = new Map<string, CName>();
const cNamesLimit = 1000;

function cName(name: string): bigint {
  let known = cNames.get(name);
  if (!known) {
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(name) + 1);
    bytes[bytes.write(name)] = 0;
    known = { bytes, pointer: ffi.getRawPointer(bytes) };
    if (cNames.size >= cNamesLimit) cNames.clear();
    cNames.set(name, known);
  }
  return known.pointer;
}

function parseNames(length: number): string[] {
  return length === 0 ? [] : names.toString("utf8", 0, length - 1).split("\0");
}

/** Names of the attributes of `path`, in the kernel's order. */
export function listXattrs(path: string): string[] {
  const length = inRoom((room) => libc.llistxattr(path, namesPointer, room));
  if (length >= 0) return parseNames(length);
  if (length === -errnos.ENOTSUP) return [];
  throw failed("llistxattr", path, -length);
}

export function getXattr(path: string, name: string): Buffer | undefined {
  const view = viewXattr(path, name);
  return view && Buffer.from(view);
}

/** As `getXattr`, without a copy: what it returns is valid until the next call. */
export function viewXattr(path: string, name: string): Buffer | undefined {
  const pointer = cName(name);
  const length = inRoom((room) => libc.lgetxattr(path, pointer, valuePointer, room));
  if (length >= 0) return value.subarray(0, length);
  if (length === -errnos.ENODATA || length === -errnos.ENOTSUP) return undefined;
  throw failed("lgetxattr", path, -length);
}

export function setXattr(path: string, name: string, content: Uint8Array): void {
  check(libc.lsetxattr(path, name, asBuffer(content), BigInt(content.length), 0), "lsetxattr", path);
}

export function removeXattr(path: string, name: string): void {
  if (Number(libc.lremovexattr(path, name)) === 0) return;
  const errno = lastErrno();
  if (errno !== errnos.ENODATA) throw failed("lremovexattr", path, errno);
}

/** All attributes of `path`, in the kernel's order. */
export function readXattrs(path: string): Xattr[] {
  return listXattrs(path).flatMap((name) => {
    const content = getXattr(path, name);
    return content === undefined ? [] : [{ name, value: content }];
  });
}

/** All attributes of an open file, in the kernel's order. */
export function readXattrsOf(fd: number): Xattr[] {
  const length = inRoom((room) => libc.flistxattr(fd, namesPointer, room));
  if (length === -errnos.ENOTSUP) return [];
  if (length < 0) throw failed("flistxattr", `fd ${fd}`, -length);
  return parseNames(length).flatMap((name) => {
    const pointer = cName(name);
    const size = inRoom((room) => libc.fgetxattr(fd, pointer, valuePointer, room));
    return size < 0 ? [] : [{ name, value: Buffer.from(value.subarray(0, size)) }];
  });
}

/** An attribute of an open file, without a copy: valid until the next call. */
export function viewXattrOf(fd: number, name: string): Buffer | undefined {
  const pointer = cName(name);
  const length = inRoom((room) => libc.fgetxattr(fd, pointer, valuePointer, room));
  if (length >= 0) return value.subarray(0, length);
  if (length === -errnos.ENODATA || length === -errnos.ENOTSUP) return undefined;
  throw failed("fgetxattr", `fd ${fd}`, -length);
}

export function setXattrOf(fd: number, name: string, content: Uint8Array): void {
  check(libc.fsetxattr(fd, name, asBuffer(content), BigInt(content.length), 0), "fsetxattr", `fd ${fd}`);
}

/**
 * An attribute of what an O_PATH descriptor stands for, be it a symlink: which the calls for open files refuse (open(2)), but
 * the link in /proc/self/fd leads to, whatever happens to the path meanwhile.
 */
export function getXattrOfPlace(fd: number, name: string): Buffer | undefined {
  const [place, pointer] = [`/proc/self/fd/${fd}`, cName(name)];
  const length = inRoom((room) => libc.getxattr(place, pointer, valuePointer, room));
  if (length >= 0) return Buffer.from(value.subarray(0, length));
  if (length === -errnos.ENODATA || length === -errnos.ENOTSUP) return undefined;
  throw failed("getxattr", place, -length);
}

export function setXattrOfPlace(fd: number, name: string, content: Uint8Array): void {
  const place = `/proc/self/fd/${fd}`;
  check(libc.setxattr(place, name, asBuffer(content), BigInt(content.length), 0), "setxattr", place);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
