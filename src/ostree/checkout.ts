// SPDX-License-Identifier: Apache-2.0
/** Commit -> files (ostree-repo-checkout.c). Synchronous system calls in one loop: faster here than any concurrency. */
import {
  chmodSync,
  chownSync,
  existsSync,
  fsyncSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  type Stats,
  statSync,
  utimesSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isErrno, lstatIfExists, removeTree, setXattr, temporaryName } from "../base/index.ts";
import { checksumDiskFile } from "./checksum-file.ts";
import { writeCheckedOut } from "./checkout-copy.ts";
import { ostreeError } from "./errors.ts";
import type { LoadedFile } from "./load-content.ts";
import { type Checksum, checkName, type DirMeta, directoryDepthLimit, isSymlinkMode } from "./model.ts";
import type { Repo } from "./repo.ts";
import { findInCommit } from "./find-path.ts";
import { readSymlink } from "./disk-header.ts";

/** What happens to what is in the destination already; directories are united except with `none`. */
export type UnionMode = "none" | "overwrite" | "add" | "identical";

export interface CheckoutOptions {
  /** Owners, attributes, setuid and setgid are not restored: for users other than root. */
  readonly user?: boolean;
  /** Default `none`: the destination must not exist. */
  readonly union?: UnionMode;
  /** Never hard-link (`-C`). */
  readonly copy?: boolean;
  /** Fail instead of copying what cannot be hard-linked (`-H`). */
  readonly requireHardlinks?: boolean;
  /** Only this file or directory of the commit. */
  readonly subpath?: string;
  /** Obey `.wh.NAME` files, which delete NAME, and `.wh..wh..opq`, which empties its directory (OCI layers). */
  readonly whiteouts?: boolean;
  /** Make overlayfs whiteouts (device 0:0) of files named `.ostree-wh.NAME`. */
  readonly passthroughWhiteouts?: boolean;
  /** Whether to check out what is at `path`; default all. */
  filter?(path: string): boolean;
  /** Flush every file and directory; default false, as `ostree checkout`. */
  readonly fsync?: boolean;
}

/** Checks out a commit (or a part of it) to `destination`, whose parent must exist. */
export async function checkout(
  repo: Repo,
  rev: string,
  destination: string,
  options: CheckoutOptions = {},
): Promise<void> {
  const found = findInCommit(repo, repo.resolve(rev), options.subpath ?? "/");
  // Nothing else makes sense of objects without owners (canonicalize_options).
  const effective = repo.mode === "bare-user-only" ? { ...options, user: true } : options;
  const work = new Checkout(repo, effective);
  if (found.type === "dir") {
    work.directory(found.tree, found.meta, destination, "", 0);
    return;
  }
  // A lone file is put into the directory `destination` (checkout_tree_at).
  if (!existsSync(destination)) mkdirSync(destination, 0o700);
  work.file(found.checksum, destination, found.name, "");
}

const opaqueWhiteout = ".wh..wh..opq";
const whiteoutPrefix = ".wh.";

class Checkout {
  readonly #repo: Repo;
  readonly #options: CheckoutOptions;
  readonly #union: UnionMode;
  readonly #linkable: boolean;
  readonly #metas = new Map<Checksum, DirMeta>();

  constructor(repo: Repo, options: CheckoutOptions) {
    this.#repo = repo;
    this.#options = options;
    this.#union = options.union ?? "none";
    const userRepo = repo.mode === "bare-user" || repo.mode === "bare-user-only";
    this.#linkable = options.user ? userRepo : repo.mode === "bare";
    if (options.requireHardlinks && !this.#linkable) {
      const message = userRepo
        ? "a bare-user repository needs a user-mode checkout to hard-link"
        : `a checkout of a ${repo.mode} repository ${options.user ? "in user mode " : ""}cannot hard-link`;
      throw ostreeError("cannot-hardlink", message);
    }
  }

  /** checkout_tree_at_recurse */
  directory(tree: Checksum, meta: Checksum, path: string, inner: string, depth: number): void {
    if (this.#options.filter?.(inner === "" ? "/" : inner) === false) return;
    if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${tree}: nested too deep`);
    const { files, dirs } = this.#repo.loadDirTree(tree);
    const made = this.#makeDirectory(path, this.#options.whiteouts === true && files.some(isOpaque));
    if (depth === 0) this.#checkDevice(path);
    const dirMeta = this.#dirMeta(meta);
    if (made && !this.#options.user) for (const { name, value } of dirMeta.xattrs) setXattr(path, name, value);
    for (const { name, checksum } of files) this.file(checksum, path, name, inner);
    for (const { name, tree, meta } of dirs) {
      checkName(name, path);
      this.directory(tree, meta, `${path}/${name}`, `${inner}/${name}`, depth + 1);
    }
    if (made) this.#finishDirectory(path, dirMeta);
    if (this.#options.fsync) syncPath(path);
  }

  /** checkout_one_file_at */
  file(checksum: Checksum, directory: string, name: string, inner: string): void {
    checkName(name, directory);
    if (this.#options.filter?.(`${inner}/${name}`) === false) return;
    const path = `${directory}/${name}`;
    const file = this.#repo.loadFile(checksum);
    const { mode } = file.header;
    const symlink = isSymlinkMode(mode);
    if (this.#options.whiteouts && !symlink && name.startsWith(whiteoutPrefix)) {
      this.#whiteout(directory, name);
      return;
    }
    const unreadable = this.#options.user === true && !symlink && (mode & 0o400) === 0;
    // Empty files are always copied: there are so many that their object could reach the limit of links.
    const forceCopy = this.#options.copy === true || (!symlink && file.size === 0) || unreadable;
    if (!forceCopy && this.#canLink(symlink) && this.#hardlink(checksum, path)) return;
    this.#copy(checksum, file, path, unreadable);
  }

  /** bare-user keeps symbolic links as regular files (in all user modes stock makes them anew). */
  #canLink(symlink: boolean): boolean {
    return this.#linkable && !(symlink && this.#repo.mode !== "bare");
  }

  /** Makes a directory that nobody else may enter until it is complete. False when it was there. */
  #makeDirectory(path: string, opaque: boolean): boolean {
    const { whiteouts } = this.#options;
    if (opaque) removeTree(path);
    else if (whiteouts && this.#union === "overwrite" && lstatIfExists(path)?.isDirectory() === false) removeTree(path);
    try {
      mkdirSync(path, 0o700);
      return true;
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
      if (this.#union === "none") throw exists(path, error);
      if (!lstatSync(path).isDirectory()) throw conflict(path, error);
      return false;
    }
  }

  #checkDevice(path: string): void {
    if (!this.#options.requireHardlinks || statSync(path).dev === statSync(this.#repo.path).dev) return;
    throw ostreeError("cannot-hardlink", `${path} and ${this.#repo.path} are on different file systems`);
  }

  #dirMeta(checksum: Checksum): DirMeta {
    let meta = this.#metas.get(checksum);
    if (!meta) this.#metas.set(checksum, (meta = this.#repo.loadDirMeta(checksum)));
    return meta;
  }

  #finishDirectory(path: string, { uid, gid, mode }: DirMeta): void {
    const permissions = mode & 0o7777;
    if (!this.#options.user) chownSync(path, uid, gid);
    chmodSync(path, this.#repo.mode === "bare-user-only" ? permissions & 0o775 : permissions);
    // The same for all checkouts, except of copies, which are for trees that change (/etc).
    if (!this.#options.copy) utimesSync(path, 0, 0);
  }

  #whiteout(directory: string, name: string): void {
    if (name === opaqueWhiteout) return;
    const target = name.slice(whiteoutPrefix.length);
    checkName(target, `${directory}/${name}`);
    removeTree(`${directory}/${target}`);
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
  #copy(checksum: Checksum, file: LoadedFile, path: string, unreadable: boolean): void {
    const { user = false, fsync = false } = this.#options;
    const header = unreadable ? { ...file.header, mode: file.header.mode | 0o400 } : file.header;
    const object = this.#repo.mode === "archive" ? undefined : this.#repo.objectPath(checksum, "file");
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

function isOpaque({ name }: { name: string }): boolean {
  return name === opaqueWhiteout;
}

function exists(path: string, cause: unknown) {
  return ostreeError("checkout-exists", `${path} exists already`, {
    cause,
    hint: "choose a new directory, or one of --union, --union-add, --union-identical",
  });
}

function conflict(path: string, cause: unknown) {
  return ostreeError("checkout-conflict", `${path} exists already, with other content`, { cause });
}

/** _ostree_stbuf_equal: modes, owners and sizes. */
function sameStat(a: Stats, b: Stats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && (!a.isFile() || a.size === b.size);
}

function syncPath(path: string): void {
  const fd = openSync(join(path), "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
