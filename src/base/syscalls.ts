// SPDX-License-Identifier: Apache-2.0
/**
 * Linux system calls that `node:fs` does not offer. All are synchronous and throw an error with `code`, `errno`,
 * `syscall` and `path` as `node:fs` does. Paths are strings; names with bytes that are not UTF-8 are not supported.
 */
import { closeSync, constants, openSync } from "node:fs";
import ffi from "node:ffi";
import { getSystemErrorMap } from "node:util";

const { functions: libc } = ffi.dlopen("libc.so.6", {
  __errno_location: { return: "pointer", arguments: [] },
  strerror: { return: "pointer", arguments: ["int32"] },
  llistxattr: { return: "int64", arguments: ["string", "buffer", "uint64"] },
  lgetxattr: { return: "int64", arguments: ["string", "string", "buffer", "uint64"] },
  lsetxattr: { return: "int32", arguments: ["string", "string", "buffer", "uint64", "int32"] },
  lremovexattr: { return: "int32", arguments: ["string", "string"] },
  flistxattr: { return: "int64", arguments: ["int32", "buffer", "uint64"] },
  fgetxattr: { return: "int64", arguments: ["int32", "string", "buffer", "uint64"] },
  fsetxattr: { return: "int32", arguments: ["int32", "string", "buffer", "uint64", "int32"] },
  syncfs: { return: "int32", arguments: ["int32"] },
  ioctl: { return: "int32", arguments: ["int32", "uint64", "buffer"] },
  flock: { return: "int32", arguments: ["int32", "int32"] },
  fcntl: { return: "int32", arguments: ["int32", "int32", "buffer"] },
  renameat2: { return: "int32", arguments: ["int32", "string", "int32", "string", "uint32"] },
  mknod: { return: "int32", arguments: ["string", "uint32", "uint64"] },
  mount: { return: "int32", arguments: ["string", "string", "string", "uint64", "string"] },
  umount2: { return: "int32", arguments: ["string", "int32"] },
  unshare: { return: "int32", arguments: ["int32"] },
  malloc_trim: { return: "int32", arguments: ["uint64"] },
  umask: { return: "uint32", arguments: ["uint32"] },
  syscall: { return: "int64", arguments: ["int64", "int64", "int64", "uint64", "string", "uint64"] },
});

/** ioctl(2) whose argument is a number. */
const { functions: libcNumbers } = ffi.dlopen("libc.so.6", {
  ioctl: { return: "int32", arguments: ["int32", "uint64", "int32"] },
});

const errnoPointer = libc.__errno_location() as bigint;
const errorNames = getSystemErrorMap();

function failed(syscall: string, path: string, errno: number): NodeJS.ErrnoException {
  const [name, text] =
    errorNames.get(-errno) ?? (errno === 61 ? ["ENODATA", "no data available"] : [`E${errno}`, "unknown error"]);
  const error: NodeJS.ErrnoException = new Error(`${name}: ${text}, ${syscall} '${path}'`);
  return Object.assign(error, { code: name, errno: -errno, syscall, path });
}

/** The C library's text for an error number, as other programs print it (strerror(3)): `No such file or directory`. */
export function errnoText(errno: number): string {
  return ffi.toString(libc.strerror(Math.abs(errno)) as bigint) ?? `Unknown error ${errno}`;
}

/** Reads errno; must follow the failed call directly. */
function lastErrno(): number {
  return ffi.getInt32(errnoPointer, 0);
}

function check(result: number | bigint, syscall: string, path: string): number {
  const value = Number(result);
  if (value < 0) throw failed(syscall, path, lastErrno());
  return value;
}

/** An extended attribute: full name (`user.x`, `security.selinux`) and raw value. */
export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

const ENODATA = 61;
const ENOTSUP = 95;
// One buffer for each purpose: the calls are synchronous, and results are copied out. 64 KiB is the kernel's XATTR_SIZE_MAX.
const names = Buffer.allocUnsafeSlow(65536);
const value = Buffer.allocUnsafeSlow(65536);
const room = 65536n;

function parseNames(length: number): string[] {
  return length === 0 ? [] : names.toString("utf8", 0, length - 1).split("\0");
}

/** Names of the attributes of `path` itself (not of a symlink's target), in the kernel's order. */
export function listXattrs(path: string): string[] {
  const length = Number(libc.llistxattr(path, names, room));
  if (length >= 0) return parseNames(length);
  const errno = lastErrno();
  if (errno === ENOTSUP) return [];
  throw failed("llistxattr", path, errno);
}

export function getXattr(path: string, name: string): Buffer | undefined {
  const length = Number(libc.lgetxattr(path, name, value, room));
  if (length >= 0) return Buffer.from(value.subarray(0, length));
  const errno = lastErrno();
  if (errno === ENODATA || errno === ENOTSUP) return undefined;
  throw failed("lgetxattr", path, errno);
}

export function setXattr(path: string, name: string, content: Uint8Array): void {
  check(libc.lsetxattr(path, name, asBuffer(content), BigInt(content.length), 0), "lsetxattr", path);
}

export function removeXattr(path: string, name: string): void {
  if (Number(libc.lremovexattr(path, name)) === 0) return;
  const errno = lastErrno();
  if (errno !== ENODATA) throw failed("lremovexattr", path, errno);
}

/** All attributes of `path` itself, in the kernel's order. */
export function readXattrs(path: string): Xattr[] {
  return listXattrs(path).flatMap((name) => {
    const content = getXattr(path, name);
    return content === undefined ? [] : [{ name, value: content }];
  });
}

/** All attributes of an open file, in the kernel's order. */
export function readXattrsOf(fd: number): Xattr[] {
  const length = Number(libc.flistxattr(fd, names, room));
  if (length < 0) {
    const errno = lastErrno();
    if (errno === ENOTSUP) return [];
    throw failed("flistxattr", `fd ${fd}`, errno);
  }
  return parseNames(length).flatMap((name) => {
    const size = Number(libc.fgetxattr(fd, name, value, room));
    return size < 0 ? [] : [{ name, value: Buffer.from(value.subarray(0, size)) }];
  });
}

export function setXattrOf(fd: number, name: string, content: Uint8Array): void {
  check(libc.fsetxattr(fd, name, asBuffer(content), BigInt(content.length), 0), "fsetxattr", `fd ${fd}`);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes back everything of the file system that holds `path` (syncfs(2)). */
export function syncFileSystem(path: string): void {
  withFile(path, (fd) => check(libc.syncfs(fd), "syncfs", path));
}

const EXT4_IOC_CHECKPOINT = 0x4004662bn;

/**
 * Writes ext4's journal back to where its blocks belong (EXT4_IOC_CHECKPOINT, Linux 5.14), for programs that read the
 * disk without the journal: boot loaders. syncfs(2) leaves that for later. False where there is no such thing.
 */
export function checkpointJournal(directory: string): boolean {
  return withFile(directory, (fd) => Number(libc.ioctl(fd, EXT4_IOC_CHECKPOINT, Buffer.alloc(4))) === 0);
}

const FIFREEZE = 0xc0045877n;
const FITHAW = 0xc0045878n;

/**
 * Freezes and at once thaws the file system of a directory, which empties its journal (ioctl_fifreeze). False where that
 * cannot be. A process that is killed in between leaves it frozen.
 */
export function freezeAndThaw(directory: string): boolean {
  return withFile(directory, (fd) => {
    if (Number(libc.ioctl(fd, FIFREEZE, Buffer.alloc(8))) !== 0) return false;
    check(libc.ioctl(fd, FITHAW, Buffer.alloc(8)), "ioctl(FITHAW)", directory);
    return true;
  });
}

const FS_IOC_GETFLAGS = 0x80086601n;
const FS_IOC_SETFLAGS = 0x40086602n;
const FS_IMMUTABLE_FL = 0x10;

/** Sets or clears the immutable flag (`chattr +i`). False where the file system has no such flag or we may not. */
export function setImmutable(path: string, immutable: boolean): boolean {
  return withFile(path, (fd) => {
    const flags = Buffer.alloc(8);
    if (Number(libc.ioctl(fd, FS_IOC_GETFLAGS, flags)) !== 0) return false;
    const now = flags.readUInt32LE(0);
    const wanted = immutable ? now | FS_IMMUTABLE_FL : now & ~FS_IMMUTABLE_FL;
    if (wanted === now) return true;
    flags.writeUInt32LE(wanted >>> 0, 0);
    return Number(libc.ioctl(fd, FS_IOC_SETFLAGS, flags)) === 0;
  });
}

const FICLONE = 0x40049409n;
const EXDEV = 18;
const EINVAL = 22;

/**
 * Makes an open file have the content of another by sharing its blocks (ioctl_ficlone(2)). False when the file system
 * cannot, or they are on different ones.
 */
export function cloneFile(from: number, to: number): boolean {
  if (Number(libcNumbers.ioctl(to, FICLONE, from)) === 0) return true;
  const errno = lastErrno();
  if ([EOPNOTSUPP, ENOTTY, EXDEV, EINVAL].includes(errno)) return false;
  throw failed("ioctl(FICLONE)", `fd ${to}`, errno);
}

const FS_IOC_ENABLE_VERITY = 0x40806685n;
const FS_IOC_MEASURE_VERITY = 0xc0046686n;
const FS_VERITY_HASH_ALG_SHA256 = 1;
const verityBlockSize = 4096;
const EEXIST = 17;
const ENOTTY = 25;
const EOPNOTSUPP = 95;

/**
 * Enables fs-verity with SHA-256 on a file that is open for reading, and by nobody for writing; it may have been enabled
 * before. False where the file system does not support it.
 */
export function enableVerity(fd: number): boolean {
  // struct fsverity_enable_arg: version, hash algorithm, block size; no salt, no signature.
  const argument = Buffer.alloc(128);
  argument.writeUInt32LE(1, 0);
  argument.writeUInt32LE(FS_VERITY_HASH_ALG_SHA256, 4);
  argument.writeUInt32LE(verityBlockSize, 8);
  if (Number(libc.ioctl(fd, FS_IOC_ENABLE_VERITY, argument)) === 0) return true;
  const errno = lastErrno();
  if (errno === EEXIST) return true;
  if (errno === ENOTTY || errno === EOPNOTSUPP) return false;
  throw failed("ioctl(FS_IOC_ENABLE_VERITY)", `fd ${fd}`, errno);
}

/** The SHA-256 fs-verity digest of an open file; whether it has none, or its file system never has one. */
export function measureVerity(fd: number): Buffer | "none" | "unsupported" {
  // struct fsverity_digest: algorithm and size (16 bit each), digest.
  const result = Buffer.alloc(4 + 64);
  result.writeUInt16LE(64, 2);
  if (Number(libc.ioctl(fd, FS_IOC_MEASURE_VERITY, result)) === 0) {
    const usable = result.readUInt16LE(0) === FS_VERITY_HASH_ALG_SHA256 && result.readUInt16LE(2) === 32;
    return usable ? result.subarray(4, 36) : "none";
  }
  const errno = lastErrno();
  return errno === ENOTTY || errno === EOPNOTSUPP ? "unsupported" : "none";
}

function withFile<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EAGAIN = 11;

/** Takes an advisory lock (flock(2)) on an open file; it ends with the file's closing. False when another holds it. */
export function tryLock(fd: number, exclusive: boolean): boolean {
  if (Number(libc.flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB)) === 0) return true;
  const errno = lastErrno();
  if (errno === EAGAIN) return false;
  throw failed("flock", `fd ${fd}`, errno);
}

const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;
const EACCES = 13;

/**
 * Takes an open-file-description lock (fcntl(2) F_OFD_SETLK) on a whole open file, as libostree's lock files do; it does
 * not see flock(2) locks. It ends with the file's closing. False when another holds it.
 */
export function tryRecordLock(fd: number, exclusive: boolean): boolean {
  // struct flock of 64-bit Linux: type and whence (16 bit each), padding, start, length (0: to the end), pid (must be 0).
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(exclusive ? F_WRLCK : F_RDLCK, 0);
  if (Number(libc.fcntl(fd, F_OFD_SETLK, lock)) === 0) return true;
  const errno = lastErrno();
  if (errno === EAGAIN || errno === EACCES) return false;
  throw failed("fcntl", `fd ${fd}`, errno);
}

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

/** Exchanges two paths atomically (renameat2(2) RENAME_EXCHANGE). */
export function exchange(a: string, b: string): void {
  check(libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE), "renameat2", a);
}

/** Makes a device node, FIFO or socket; `mode` includes the file type. */
export function makeNode(path: string, mode: number, device = 0): void {
  check(libc.mknod(path, mode, BigInt(device)), "mknod", path);
}

export const mountFlags = { readOnly: 1, remount: 32, bind: 4096, recursive: 16384, private: 1 << 18 } as const;

export function mount(source: string, target: string, type: string, flags: number, data = ""): void {
  check(libc.mount(source, target, type, BigInt(flags), data), "mount", target);
}

/** @param lazy detach now, clean up when no longer busy (MNT_DETACH) */
export function unmount(target: string, lazy = false): void {
  check(libc.umount2(target, lazy ? 2 : 0), "umount2", target);
}

const CLONE_NEWNS = 0x20000;

/** Moves the calling thread into a mount namespace of its own: call it before any asynchronous file work. */
export function unshareMounts(): void {
  check(libc.unshare(CLONE_NEWNS), "unshare", "mount namespace");
}

/** Gives memory that was freed back to the kernel (malloc_trim(3)): after a large piece of work, before the next one. */
export function releaseFreeMemory(): void {
  libc.malloc_trim(0n);
}

const KEXEC_FILE_NO_INITRAMFS = 4n;
/** kexec_file_load(2) has no wrapper in the C library. */
const kexecFileLoad: Readonly<Record<string, bigint>> = { x64: 320n, arm64: 294n, s390x: 381n, ppc64: 382n };

/** Loads a kernel for the next reboot (kexec_file_load(2)), from open files. */
export function loadKexecImage(kernel: number, initramfs: number | undefined, commandLine: string): void {
  const call = kexecFileLoad[process.arch];
  if (call === undefined) throw failed("kexec_file_load", process.arch, 38);
  const length = BigInt(Buffer.byteLength(commandLine) + 1);
  const flags = initramfs === undefined ? KEXEC_FILE_NO_INITRAMFS : 0n;
  const result = libc.syscall(call, BigInt(kernel), BigInt(initramfs ?? -1), length, commandLine, flags);
  check(result, "kexec_file_load", commandLine);
}
