// SPDX-License-Identifier: Apache-2.0
/** One file of a checkout (ostree-repo-checkout.c checkout_one_file_at). */
import { chmodSync, createWriteStream, lchownSync, linkSync, lstatSync, renameSync, rmSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { isErrno, lstatIfExists, makeNode, removeTree, setXattr, temporaryName, unlessErrno } from "../base/index.ts";
import { writeCheckedOut } from "./checkout-copy.ts";
import { withLabel } from "./content-task.ts";
import { endDirectory } from "./checkout-directory.ts";
import type { CheckoutTask } from "./checkout-tree.ts";
import { checksumDiskFile } from "./checksum-file.ts";
import { readSymlink } from "./disk-header.ts";
import { decodeDirTree } from "./dirtree-object.ts";
import { ostreeError } from "./errors.ts";
import { inflateLimit, isLinkable, type LoadedFile } from "./load-content.ts";
import { type Checksum, checkName, type FileHeader, isSymlinkMode } from "./model.ts";
import type { Repo } from "./repo.ts";
import type { Labeler } from "./selinux/labeler.ts";
import { directoryPolicy } from "./selinux/policy.ts";
import { UncompressedCache } from "./uncompressed-cache.ts";

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
  /**
   * Keep plain copies of an archive's files in `uncompressed-objects-cache`, and link them into checkouts for a user.
   * Only where the repository's `core.enable-uncompressed-cache` allows it.
   */
  readonly cache?: boolean;
  /** Label files by the policy in the root file system `root`, as if the checkout were at `prefix`. */
  readonly policy?: { readonly root: string; readonly prefix?: string };
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
  readonly #cache: UncompressedCache | undefined;
  readonly #label: Labeler | undefined;
  readonly #objects: string;
  /** Files can be hard-linked, and no other repository has objects. */
  readonly #plainLinks: boolean;

  constructor(repo: Repo, options: FileCheckoutOptions) {
    this.#repo = repo;
    this.#options = options;
    this.#union = options.union ?? "none";
    this.#cache = options.cache && options.user && !options.copy ? UncompressedCache.of(repo) : undefined;
    this.#label = options.policy && checkoutLabeler(options.policy);
    this.#objects = `${repo.path}/objects/`;
    this.#plainLinks = this.#linksFrom(repo) && !repo.parent && !options.copy;
  }

  /** Writes all files of a task, and ends the directory with them. The promise is for large compressed ones. */
  writeTask({ directory, inner, files, end }: CheckoutTask): Promise<void> | undefined {
    const large: Promise<void>[] = [];
    const entries = files instanceof Uint8Array ? decodeDirTree(files, `dirtree of ${directory}`).files : files;
    for (const { name, checksum } of entries) {
      const promise = this.write(checksum, directory, name, inner);
      if (promise) large.push(promise);
    }
    if (large.length > 0) return Promise.all(large).then(() => end && endDirectory(directory, end));
    if (end) endDirectory(directory, end);
    return undefined;
  }

  /**
   * Most files are written at once; the promise is for large compressed ones.
   * @param inner the directory's path in the commit: only labels depend on it
   */
  write(checksum: Checksum, directory: string, name: string, inner: string): Promise<void> | undefined {
    checkName(name, directory);
    const path = `${directory}/${name}`;
    const special = this.#specialName(name);
    if (this.#plainLinks && !special && this.#linkedPlain(checksum, path)) return undefined;
    const holder = this.#repo.holder(checksum, "file");
    if (!special && this.#linked(holder, checksum, path)) return undefined;
    const file = holder.loadFile(checksum);
    if (special && !isSymlinkMode(file.header.mode)) {
      special(directory, file.header);
      return undefined;
    }
    const cached = this.#cache?.has(file) ? this.#cache.path(checksum) : undefined;
    const target: CopyTarget = {
      checksum,
      path,
      inner: `${inner}/${name}`,
      ...(cached === undefined ? {} : { cached }),
    };
    if (holder.mode === "archive" && file.size > inflateLimit) return this.#copyLarge(file, target);
    this.#copy(file, target, holder.mode === "archive" ? undefined : holder.objectPath(checksum, "file"));
    return undefined;
  }

  /** The usual way of a large checkout: `write` knows the others. False: it must find out. */
  #linkedPlain(checksum: Checksum, path: string): boolean {
    const object = `${this.#objects}${checksum.slice(0, 2)}/${checksum.slice(2)}.file`;
    try {
      if (!isLinkable(object, checksum, this.#repo.mode)) return false;
    } catch (error) {
      if (isErrno(error, "ENOENT")) return false;
      throw error;
    }
    return this.#hardlink(checksum, object, path);
  }

  /** Whether files of this repository can be hard-linked into the checkout. */
  #linksFrom({ mode }: Repo): boolean {
    return this.#options.user ? mode === "bare-user" || mode === "bare-user-only" : mode === "bare";
  }

  #linked(holder: Repo, checksum: Checksum, path: string): boolean {
    if (this.#options.copy) return false;
    if (this.#linksFrom(holder)) {
      return holder.isLinkable(checksum) && this.#hardlink(checksum, holder.objectPath(checksum, "file"), path);
    }
    if (this.#options.requireHardlinks) throw unlinkable(holder, path);
    if (this.#cache === undefined || holder !== this.#repo) return false;
    return unlessErrno(["ENOENT"], () => this.#hardlink(checksum, this.#cache!.path(checksum), path)) ?? false;
  }

  async #copyLarge(file: LoadedFile, target: CopyTarget): Promise<void> {
    const plain = temporaryName(dirname(target.path));
    try {
      await pipeline(file.stream(), createWriteStream(plain, { flags: "wx", mode: 0o600 }));
      this.#copy(file, target, plain);
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
  #hardlink(checksum: Checksum, object: string, path: string): boolean {
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

  /**
   * create_file_copy_from_input_at
   * @param object a file with the plain content
   */
  #copy(file: LoadedFile, { checksum, path, inner, cached }: CopyTarget, object: string | undefined): void {
    if (cached !== undefined) {
      this.#cache!.fill(file, cached, object);
      if (this.#hardlink(checksum, cached, path)) return;
    }
    const { user = false, fsync = false } = this.#options;
    const header = user ? readable(file.header) : this.#labelled(file.header, inner);
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

  #labelled(header: FileHeader, inner: string): FileHeader {
    const label = this.#label?.(inner, header.mode);
    return label === undefined ? header : { ...header, xattrs: withLabel(header.xattrs, label) };
  }

  #sameAsCopy(checksum: Checksum, { header }: LoadedFile, path: string, old: Stats): boolean {
    if (!isSymlinkMode(header.mode)) return !old.isDirectory() && this.#identical(checksum, path, old);
    return old.isSymbolicLink() && readSymlink(path) === header.symlink;
  }
}

function unlinkable({ mode }: Repo, path: string) {
  const message =
    mode === "bare-user" || mode === "bare-user-only"
      ? "User repository mode requires user checkout mode to hardlink"
      : "Bare repository mode cannot hardlink in user checkout mode";
  return ostreeError("cannot-hardlink", `${message}: ${path}`);
}

/** A file to be copied. */
interface CopyTarget {
  readonly checksum: Checksum;
  readonly path: string;
  /** Its path in the commit. */
  readonly inner: string;
  /** Where the cache will have it. */
  readonly cached?: string;
}

/** A user must be able to read what is his. */
function readable(header: FileHeader): FileHeader {
  return { ...header, mode: header.mode | 0o400 };
}

/** Says the label of a path in the commit. */
export function checkoutLabeler({ root, prefix = "" }: { root: string; prefix?: string }): Labeler | undefined {
  const labeler = directoryPolicy(root);
  const base = prefix.replace(/\/+$/, "");
  return labeler && ((path, mode) => labeler(path === "/" && base !== "" ? base : `${base}${path}`, mode));
}

function whiteoutTarget(directory: string, name: string, prefix: string): string {
  const target = name.slice(prefix.length);
  checkName(target, `${directory}/${name}`);
  return `${directory}/${target}`;
}

export function exists(path: string, cause: unknown) {
  return ostreeError("checkout-exists", `${path}: File exists`, {
    cause,
    hint: "choose a new directory, or one of --union, --union-add, --union-identical",
  });
}

export function conflict(path: string, cause: unknown) {
  return ostreeError("checkout-conflict", `${path}: File exists, with other content`, { cause });
}

/** _ostree_stbuf_equal: modes, owners and sizes. */
function sameStat(a: Stats, b: Stats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && (!a.isFile() || a.size === b.size);
}
