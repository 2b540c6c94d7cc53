// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { baseError, unlessErrno } from "./errors.ts";
import { setImmutable, tryLock, tryRecordLock } from "./syscalls.ts";

/** A name in `directory` that no other process picks; for a temporary file that is renamed when complete. */
export function temporaryName(directory: string, prefix = ".tmp-"): string {
  return join(directory, `${prefix}${randomBytes(6).toString("hex")}`);
}

export interface WriteOptions {
  readonly mode?: number;
  /** Flush file and directory to the disk before returning; default true. */
  readonly durable?: boolean;
  /** Where the file is until it is complete, on the same file system; default: beside it. */
  readonly temporaryDirectory?: string;
}

/** Writes a file so that a crash at any instant leaves the old content or the new. Makes no directories. */
export function writeFileAtomic(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
  options: WriteOptions = {},
): void {
  const temporary = temporaryName(options.temporaryDirectory ?? dirname(path), `.${basename(path)}.`);
  const parts =
    typeof content === "string" ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content;
  const fd = openSync(temporary, "wx", options.mode ?? 0o644);
  try {
    try {
      for (const part of parts) writeAll(fd, part);
      if (options.durable ?? true) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (options.durable ?? true) syncDirectory(dirname(path));
}

/** Fills `bytes` from `offset` of a file. Throws `base-truncated` when the file is shorter. */
export function readExactly(fd: number, bytes: Uint8Array, offset: number, what: string): void {
  for (let done = 0; done < bytes.length;) {
    const got = readSync(fd, bytes, done, bytes.length - done, offset + done);
    if (got === 0) throw baseError("truncated", `${what}: ended at ${offset + done} bytes`);
    done += got;
  }
}

/** Writes all bytes: write(2) may take fewer than it is given, and a pipe that is set not to block none for a while. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    const written = unlessErrno(["EAGAIN"], () => writeSync(fd, bytes, done));
    if (written === undefined) waitBriefly();
    else done += written;
  }
}

/** A few milliseconds, for what can be tried again only later. */
export function waitBriefly(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function readIfExists(path: string): Buffer | undefined {
  return unlessErrno(["ENOENT"], () => readFileSync(path));
}

export function readTextIfExists(path: string): string | undefined {
  return readIfExists(path)?.toString("utf8");
}

export function lstatIfExists(path: string): Stats | undefined {
  return unlessErrno(["ENOENT", "ENOTDIR"], () => lstatSync(path));
}

/** Names in a directory, sorted by code point; none when it does not exist. */
export function listDirectory(path: string): string[] {
  return (unlessErrno(["ENOENT"], () => readdirSync(path)) ?? []).sort();
}

export function makeDirectories(path: string, mode = 0o755): void {
  mkdirSync(path, { recursive: true, mode });
}

/** Removes a tree, also one whose directories carry the immutable flag. A missing one is no error. */
export function removeTree(path: string): void {
  const removed = unlessErrno(["EPERM", "EACCES"], () => {
    rmSync(path, { recursive: true, force: true });
    return true;
  });
  if (removed) return;
  clearImmutable(path);
  rmSync(path, { recursive: true, force: true });
}

function clearImmutable(path: string): void {
  const stat = lstatIfExists(path);
  if (stat?.isDirectory() !== true) return;
  setImmutable(path, false);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) clearImmutable(join(path, entry.name));
  }
}

export function removeIfExists(path: string): boolean {
  return unlessErrno(["ENOENT"], () => (unlinkSync(path), true)) ?? false;
}

/**
 * Checks a relative path from an archive, a package or remote metadata: the result has no `.`/`..`/empty component and
 * no leading slash (`./usr//bin/` -> `usr/bin`; `./` -> ``). Throws `base-unsafe` when it would leave its root.
 * It says nothing of symlinks on the way: whoever writes must not follow them.
 */
export function safeRelative(path: string, what: string): string {
  const inner = path.replace(/^(\.?\/)+/, "").replace(/\/+$/, "");
  if (inner === "" || inner === ".") return "";
  if (inner.includes("\0") || inner.split("/").includes("..")) {
    throw baseError("unsafe", `${what}: path ${JSON.stringify(path)} leads outside of its root`);
  }
  return normalize(inner);
}

/** A held lock file; `using lock = lockFile(...)` releases it. */
export interface HeldLock extends Disposable {
  release(): void;
}

export interface LockOptions {
  readonly exclusive?: boolean;
  /** How long to wait for another holder before `base-busy`. */
  readonly timeoutMs?: number;
  /** An open-file-description lock as libostree takes, which excludes its processes too. */
  readonly record?: boolean;
}

const lockPollMs = 50;

/**
 * Takes an advisory lock on `path`, which is made if missing. With a time it holds up the whole thread: it is for work that
 * does so anyway.
 */
export function lockFile(path: string, options: LockOptions = {}): HeldLock {
  const attempt = lockAttempts(path, options);
  for (;;) {
    const held = attempt();
    if (held !== undefined) return held;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockPollMs);
  }
}

/** As `lockFile`, but others of this process go on while it waits, among them who holds the lock here. */
export async function waitForLock(path: string, options: LockOptions): Promise<HeldLock> {
  const attempt = lockAttempts(path, options);
  for (;;) {
    const held = attempt();
    if (held !== undefined) return held;
    await sleep(lockPollMs);
  }
}

/** Each call tries once; `undefined`: it is to be called again. It throws when the time is up. */
function lockAttempts(path: string, { exclusive = true, timeoutMs = 0, record }: LockOptions) {
  const fd = openSync(path, "a+", 0o660);
  const release = () => closeSync(fd);
  const take = record ? tryRecordLock : tryLock;
  const deadline = Date.now() + timeoutMs;
  return (): HeldLock | undefined => {
    if (take(fd, exclusive)) return { release, [Symbol.dispose]: release };
    if (Date.now() < deadline) return undefined;
    release();
    throw baseError("busy", `${path} is locked by another process`, { hint: `fuser -v ${path}  shows which` });
  };
}
