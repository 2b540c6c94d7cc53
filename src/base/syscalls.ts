// SPDX-License-Identifier: Apache-2.0
/**
 * Linux system calls that `node:fs` does not offer. All are synchronous and throw an error with `code`, `errno`,
 * `syscall` and `path` as `node:fs` does. Paths are strings; names with bytes that are not UTF-8 are not supported.
 */
import { closeSync, constants, openSync } from "node:fs";
import { check, errnos, failed, lastErrno } from "./errno.ts";
import { unlessErrno } from "./errors.ts";
import { libcFunctions } from "./libc.ts";

const libc = libcFunctions({
  syncfs: { return: "int32", arguments: ["int32"] },
  ioctl: { return: "int32", arguments: ["int32", "uint64", "buffer"] },
  flock: { return: "int32", arguments: ["int32", "int32"] },
  fcntl: { return: "int32", arguments: ["int32", "int32", "buffer"] },
  renameat2: { return: "int32", arguments: ["int32", "string", "int32", "string", "uint32"] },
  mknod: { return: "int32", arguments: ["string", "uint32", "uint64"] },
  mount: { return: "int32", arguments: ["string", "string", "string", "uint64", "string"] },
  umount2: { return: "int32", arguments: ["string", "int32"] },
  unshare: { return: "int32", arguments: ["int32"] },
  setns: { return: "int32", arguments: ["int32", "int32"] },
  malloc_trim: { return: "int32", arguments: ["uint64"] },
  umask: { return: "uint32", arguments: ["uint32"] },
  syscall: { return: "int64", arguments: ["int64", "int64", "int64", "uint64", "string", "uint64"] },
});

/** ioctl(2) whose argument is a number. */
const libcNumbers = libcFunctions({
  ioctl: { return: "int32", arguments: ["int32", "uint64", "int32"] },
});

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
    // EINVAL: somebody else has thawed it.
    unlessErrno(["EINVAL"], () => check(libc.ioctl(fd, FITHAW, Buffer.alloc(8)), "ioctl(FITHAW)", directory));
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

/**
 * Makes an open file have the content of another by sharing its blocks (ioctl_ficlone(2)). False when the file system
 * cannot, or they are on different ones.
 */
export function cloneFile(from: number, to: number): boolean {
  if (Number(libcNumbers.ioctl(to, FICLONE, from)) === 0) return true;
  const errno = lastErrno();
  if ([errnos.ENOTSUP, errnos.ENOTTY, errnos.EXDEV, errnos.EINVAL].includes(errno)) return false;
  throw failed("ioctl(FICLONE)", `fd ${to}`, errno);
}

const FS_IOC_ENABLE_VERITY = 0x40806685n;
const FS_IOC_MEASURE_VERITY = 0xc0046686n;
const FS_VERITY_HASH_ALG_SHA256 = 1;
const verityBlockSize = 4096;

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
  if (errno === errnos.EEXIST) return true;
  if (errno === errnos.ENOTTY || errno === errnos.ENOTSUP) return false;
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
  return errno === errnos.ENOTTY || errno === errnos.ENOTSUP ? "unsupported" : "none";
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

/** Takes an advisory lock (flock(2)) on an open file; it ends with the file's closing. False when another holds it. */
export function tryLock(fd: number, exclusive: boolean): boolean {
  if (Number(libc.flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB)) === 0) return true;
  const errno = lastErrno();
  if (errno === errnos.EAGAIN) return false;
  throw failed("flock", `fd ${fd}`, errno);
}

const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;

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
  if (errno === errnos.EAGAIN || errno === errnos.EACCES) return false;
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

const CLONE_FS = 0x200;

/**
 * Runs synchronous work, and the programs that it starts, in another mount namespace, `/proc/PID/ns/mnt`. Only the
 * calling thread goes there, with the root as its current directory; asynchronous file work of others does not notice.
 */
export function inMountNamespace<T>(path: string, action: () => T): T {
  const [there, here] = [openSync(path, "r"), openSync("/proc/thread-self/ns/mnt", "r")];
  const directory = process.cwd();
  try {
    // Threads that share their current directory cannot part (setns(2)).
    check(libc.unshare(CLONE_FS), "unshare", "file system attributes");
    check(libc.setns(there, CLONE_NEWNS), "setns", path);
    try {
      return action();
    } finally {
      check(libc.setns(here, CLONE_NEWNS), "setns", "/proc/thread-self/ns/mnt");
      process.chdir(directory);
    }
  } finally {
    closeSync(there);
    closeSync(here);
  }
}

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
