// SPDX-License-Identifier: Apache-2.0
/** One file of a checkout (ostree-repo-checkout.c checkout_one_file_at). */
import { chmodSync, createWriteStream, lchownSync, linkSync, lstatSync, renameSync, rmSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { isErrno, lstatIfExists, makeNode, removeTree, setXattr, temporaryName } from "../base/index.ts";
import { writeCheckedOut } from "./checkout-copy.ts";
import { checksumDiskFile } from "./checksum-file.ts";
import { readSymlink } from "./disk-header.ts";
import { ostreeError } from "./errors.ts";
import { inflateLimit, type LoadedFile } from "./load-content.ts";
import { type Checksum, checkName, type FileHeader, isSymlinkMode } from "./model.ts";
import type { Repo } from "./repo.ts";

/** What happens to what is in the destination already; directories are united except with `none`. */
export type UnionMode = "none" | "overwrite" | "add" | "identical";

/** What holds for each file; plain data, so that worker threads can be given it. */
export interface FileCheckoutOptions {
  /** Owners, attributes, setuid and setgid are not restored: for users other than root. */
  readonly user?: boolean;
  /** Default `none`: the destination must not exist. */
  readonly union?: UnionMode;
  /** Never hard-link (`-C`). */
  readonly copy?: boolean;
  /** Fail instead of copying what cannot be hard-linked (`-H`). */
  readonly requireHardlinks?: boolean;
  /** Obey `.wh.NAME` files, which delete NAME, and `.wh..wh..opq`, which empties its directory (OCI layers). */
  readonly whiteouts?: boolean;
  /** Make overlayfs whiteouts (device 0:0) of files named `.ostree-wh.NAME`. */
  readonly passthroughWhiteouts?: boolean;
  /** Flush every file and directory; default false, as `ostree checkout`. */
  readonly fsync?: boolean;
}

export const opaqueWhiteout = ".wh..wh..opq";
const whiteoutPrefix = ".wh.";
const quotedWhiteoutPrefix = ".ostree-wh.";
const characterDevice = 0o020000;

/** Puts files of a repository into directories that exist. */
export class FileCheckout {
  readonly #repo: Repo;
  readonly #options: FileCheckoutOptions;
  readonly #union: UnionMode;
  /** Whether files are hard-linked where they can be. */
  readonly #links: boolean;

  constructor(repo: Repo, options: FileCheckoutOptions) {
    this.#repo = repo;
    this.#options = options;
    this.#union = options.union ?? "none";
    const userRepo = repo.mode === "bare-user" || repo.mode === "bare-user-only";
    const linkable = options.user ? userRepo : repo.mode === "bare";
    this.#links = linkable && options.copy !== true;
    if (options.requireHardlinks && !linkable) {
      const message = userRepo
        ? "a bare-user repository needs a user-mode checkout to hard-link"
        : `a checkout of a ${repo.mode} repository ${options.user ? "in user mode " : ""}cannot hard-link`;
      throw ostreeError("cannot-hardlink", message);
    }
  }

  /** Most files are written at once; the promise is for large compressed ones. */
  write(checksum: Checksum, directory: string, name: string): Promise<void> | undefined {
    checkName(name, directory);
    const path = `${directory}/${name}`;
    const special = this.#specialName(name);
    if (!special && this.#links && this.#repo.isLinkable(checksum) && this.#hardlink(checksum, path)) return undefined;
    const file = this.#repo.loadFile(checksum);
    if (special && !isSymlinkMode(file.header.mode)) special(directory, file.header);
    else if (this.#repo.mode === "archive" && file.size > inflateLimit) return this.#copyLarge(checksum, file, path);
    else this.#copy(checksum, file, path, undefined);
    return undefined;
  }

  async #copyLarge(checksum: Checksum, file: LoadedFile, path: string): Promise<void> {
    const plain = temporaryName(dirname(path));
    try {
      await pipeline(file.stream(), createWriteStream(plain, { flags: "wx", mode: 0o600 }));
      this.#copy(checksum, file, path, plain);
    } finally {
      rmSync(plain, { force: true });
    }
  }

  /** What stands for the deletion of a file in a layer below (OCI image specification; overlayfs). */
  #specialName(name: string): ((directory: string, header: FileHeader) => void) | undefined {
    const { whiteouts, passthroughWhiteouts } = this.#options;
    if (whiteouts && name.startsWith(whiteoutPrefix)) {
      return (directory) => name !== opaqueWhiteout && removeTree(whiteoutTarget(directory, name, whiteoutPrefix));
    }
    if (!passthroughWhiteouts || !name.startsWith(quotedWhiteoutPrefix)) return undefined;
    return (directory, header) => this.#passWhiteout(whiteoutTarget(directory, name, quotedWhiteoutPrefix), header);
  }

  /** _checkout_overlayfs_whiteout_at: a character device 0:0. */
  #passWhiteout(path: string, header: FileHeader): void {
    const old = lstatIfExists(path);
    if (old && this.#union === "none") throw exists(path, undefined);
    if (old && this.#union === "add") return;
    if (old && this.#union === "identical") {
      if (old.isCharacterDevice() && old.rdev === 0) return;
      throw conflict(path, undefined);
    }
    if (old) rmSync(path);
    makeNode(path, characterDevice | (header.mode & 0o7777));
    if (this.#options.user) return;
    lchownSync(path, header.uid, header.gid);
    for (const { name, value } of header.xattrs) setXattr(path, name, value);
    chmodSync(path, header.mode & 0o7777);
  }

  /** checkout_file_hardlink. False: must be copied. */
  #hardlink(checksum: Checksum, path: string): boolean {
    const object = this.#repo.objectPath(checksum, "file");
    try {
      linkSync(object, path);
      return true;
    } catch (error) {
      if (isErrno(error, "EEXIST")) return this.#linkOver(checksum, object, path, error);
      if (!this.#options.requireHardlinks && isErrno(error, "EMLINK", "EXDEV", "EPERM")) return false;
      if (isErrno(error, "EMLINK", "EXDEV", "EPERM")) {
        throw ostreeError("cannot-hardlink", `${path}: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }

  #linkOver(checksum: Checksum, object: string, path: string, cause: unknown): true {
    if (this.#union === "none") throw exists(path, cause);
    if (this.#union === "add") return true;
    const old = lstatSync(path);
    const source = lstatSync(object);
    if (old.dev === source.dev && old.ino === source.ino) return true;
    if (sameStat(old, source) && this.#identical(checksum, path, old)) return true;
    if (this.#union === "identical") throw conflict(path, cause);
    this.#replace(path, old, (temporary) => linkSync(object, temporary));
    return true;
  }

  /** Whether the file on the disk has the object's checksum. */
  #identical(checksum: Checksum, path: string, stat: Stats): boolean {
    const userOnly = this.#repo.mode === "bare-user-only";
    const plain = userOnly || this.#repo.settings.disableXattrs;
    return checksumDiskFile(path, stat, { xattrs: !plain, canonical: userOnly }) === checksum;
  }

  /** Puts what `make` makes in place of what is at `path`, at once. A directory gives way only to whiteout mode. */
  #replace(path: string, old: Stats, make: (temporary: string) => void): void {
    if (old.isDirectory()) {
      if (!this.#options.whiteouts) throw conflict(path, undefined);
      removeTree(path);
    }
    const temporary = temporaryName(dirname(path));
    make(temporary);
    try {
      renameSync(temporary, path);
    } catch (error) {
      removeTree(temporary);
      throw error;
    }
  }

  /** create_file_copy_from_input_at */
  /** @param plain a file with the content of a compressed object */
  #copy(checksum: Checksum, file: LoadedFile, path: string, plain: string | undefined): void {
    const { user = false, fsync = false } = this.#options;
    // A user must be able to read what is his.
    const header = user ? { ...file.header, mode: file.header.mode | 0o400 } : file.header;
    const object = this.#repo.mode === "archive" ? plain : this.#repo.objectPath(checksum, "file");
    const make = (target: string) => writeCheckedOut(target, { ...file, header }, { user, fsync, object });
    const old = this.#union === "none" ? undefined : lstatIfExists(path);
    if (!old) {
      try {
        make(path);
      } catch (error) {
        if (isErrno(error, "EEXIST")) throw exists(path, error);
        throw error;
      }
      return;
    }
    if (this.#union === "add") return;
    if (this.#union === "identical") {
      if (this.#sameAsCopy(checksum, file, path, old)) return;
      throw conflict(path, undefined);
    }
    this.#replace(path, old, make);
  }

  #sameAsCopy(checksum: Checksum, { header }: LoadedFile, path: string, old: Stats): boolean {
    if (!isSymlinkMode(header.mode)) return !old.isDirectory() && this.#identical(checksum, path, old);
    return old.isSymbolicLink() && readSymlink(path) === header.symlink;
  }
}

function whiteoutTarget(directory: string, name: string, prefix: string): string {
  const target = name.slice(prefix.length);
  checkName(target, `${directory}/${name}`);
  return `${directory}/${target}`;
}

export function exists(path: string, cause: unknown) {
  return ostreeError("checkout-exists", `${path} exists already`, {
    cause,
    hint: "choose a new directory, or one of --union, --union-add, --union-identical",
  });
}

export function conflict(path: string, cause: unknown) {
  return ostreeError("checkout-conflict", `${path} exists already, with other content`, { cause });
}

/** _ostree_stbuf_equal: modes, owners and sizes. */
function sameStat(a: Stats, b: Stats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && (!a.isFile() || a.size === b.size);
}
