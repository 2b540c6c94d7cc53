// SPDX-License-Identifier: Apache-2.0
/**
 * A root directory, current directory, umask and mounts of one thread alone (unshare(2) CLONE_NEWNS, CLONE_FS). Synchronous
 * file work of that thread, and programs that it starts, go by them; asynchronous file work does not, and must not be used.
 */
import { closeSync, constants, openSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { check } from "./errno.ts";
import { mount, mountFlags } from "./syscalls.ts";
import { libcFunctions } from "./libc.ts";

const libc = libcFunctions({
  unshare: { return: "int32", arguments: ["int32"] },
  chroot: { return: "int32", arguments: ["string"] },
  chdir: { return: "int32", arguments: ["string"] },
  fchdir: { return: "int32", arguments: ["int32"] },
  umask: { return: "uint32", arguments: ["uint32"] },
});

const CLONE_NEWNS = 0x20000;

/** The other root directory of a thread, in which the kernel itself keeps every path and symlink. */
export class ThreadRoot {
  readonly #outside: number;
  #inside: { readonly directory: string } | undefined;

  /** Parts the calling worker thread from all others until its end: nobody else sees what it mounts. */
  constructor() {
    if (isMainThread) throw new Error("the main thread's root directory is that of its asynchronous work as well");
    check(libc.unshare(CLONE_NEWNS), "unshare", "mount namespace");
    mount("none", "/", "", mountFlags.recursive | mountFlags.private);
    this.#outside = openSync("/", constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** Runs work with `directory` as the root; current directory and umask are set for it, and then as before. */
  within<T>(directory: string, cwd: string, umask: number, action: () => T): T {
    const before = Number(libc.umask(umask));
    this.#enter(directory);
    try {
      check(libc.chdir(cwd), "chdir", cwd);
      return action();
    } finally {
      this.#leave();
      libc.umask(before);
    }
  }

  /** Runs a part of the work within with the root that all others have, and comes back to the same current directory. */
  outside<T>(action: () => T): T {
    const here = openSync(".", constants.O_RDONLY | constants.O_DIRECTORY);
    const inside = this.#inside;
    this.#leave();
    try {
      return action();
    } finally {
      if (inside) this.#enter(inside.directory);
      check(libc.fchdir(here), "fchdir", ".");
      closeSync(here);
    }
  }

  #enter(directory: string): void {
    check(libc.chroot(directory), "chroot", directory);
    this.#inside = { directory };
  }

  #leave(): void {
    this.#inside = undefined;
    check(libc.fchdir(this.#outside), "fchdir", "/");
    check(libc.chroot("."), "chroot", "/");
  }
}

/** The calling thread's current directory, for threads with a ThreadRoot. */
export function changeDirectory(path: string): void {
  check(libc.chdir(path), "chdir", path);
}

/** The calling thread's umask, likewise. */
export function setThreadUmask(mask: number): void {
  libc.umask(mask);
}
