// SPDX-License-Identifier: Apache-2.0
/** Commit -> files (ostree-repo-checkout.c): synchronous system calls, for a large tree in several threads. */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
  utimesSync,
} from "node:fs";
import { isErrno, lstatIfExists, removeTree, setXattr, WorkerPool } from "../base/index.ts";
import {
  checkoutLabeler,
  conflict,
  exists,
  FileCheckout,
  type FileCheckoutOptions,
  opaqueWhiteout,
} from "./checkout-file.ts";
import { withLabel } from "./content-task.ts";
import { ostreeError } from "./errors.ts";
import { findInCommit } from "./find-path.ts";
import { type Checksum, checkName, type DirMeta, directoryDepthLimit } from "./model.ts";
import type { Repo } from "./repo.ts";
import type { Labeler } from "./selinux/labeler.ts";
import { UncompressedCache } from "./uncompressed-cache.ts";

export interface CheckoutOptions extends FileCheckoutOptions {
  /** Only this file or directory of the commit. */
  readonly subpath?: string;
  /** Whether to check out what is at `path`; default all. */
  filter?(path: string): boolean;
  /** Directories get no bits beyond 0775 (`-M`): nothing setuid, sticky or writable for all. */
  readonly bareUserOnlyDirs?: boolean;
  /** Worker threads for large trees; 0 for none. Default: one per core. */
  readonly workers?: number;
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
  const start = Date.now();
  if (found.type === "dir") {
    await new TreeCheckout(repo, effective).write(found.tree, found.meta, destination);
  } else {
    // A lone file is put into the directory `destination` (checkout_tree_at).
    if (!existsSync(destination)) mkdirSync(destination, 0o700);
    await new FileCheckout(repo, fileOptions(effective)).write(found.checksum, destination, found.name, "");
  }
  if (effective.cache) UncompressedCache.of(repo)?.collect(start);
}

/** Files of one directory, for a worker. */
export interface CheckoutTask {
  readonly directory: string;
  /** Its path in the commit. */
  readonly inner: string;
  readonly files: readonly { readonly name: string; readonly checksum: Checksum }[];
}

/** What a worker is given at its start. */
export interface CheckoutData {
  readonly repo: string;
  readonly options: FileCheckoutOptions;
}

/** Starting threads takes longer than to write this many files. */
const smallTree = 2000;
const taskFiles = 256;

type Pool = WorkerPool<CheckoutTask[], void>;

class TreeCheckout {
  readonly #repo: Repo;
  readonly #options: CheckoutOptions;
  readonly #files: FileCheckout;
  readonly #label: Labeler | undefined;
  readonly #metas = new Map<Checksum, DirMeta>();
  /** Directories made, to be finished when all files are there: children before parents. */
  readonly #made: { path: string; meta: DirMeta }[] = [];
  readonly #large: Promise<void>[] = [];
  #count = 0;
  #batch: CheckoutTask[] = [];
  #batchFiles = 0;

  constructor(repo: Repo, options: CheckoutOptions) {
    this.#repo = repo;
    this.#options = options;
    this.#files = new FileCheckout(repo, fileOptions(options));
    this.#label = options.policy && checkoutLabeler(options.policy);
  }

  async write(tree: Checksum, meta: Checksum, destination: string): Promise<void> {
    const running = new Set<Promise<void>>();
    let pool: Pool | undefined;
    try {
      for (const batch of this.#directory(tree, meta, destination, "", 0)) {
        pool ??= new WorkerPool("ostree/checkout", this.#data(), this.#options.workers);
        const work = pool.run(batch).finally(() => running.delete(work));
        running.add(work);
        if (running.size > 2 * pool.size) await Promise.race(running);
      }
      if (pool) await Promise.all([...running, ...(this.#batch.length > 0 ? [pool.run(this.#batch)] : [])]);
      else for (const task of this.#batch) this.#writeFiles(task);
    } finally {
      await Promise.allSettled([...running, ...this.#large]);
      pool?.[Symbol.dispose]();
    }
    await Promise.all(this.#large);
    for (const { path, meta } of this.#made) this.#finishDirectory(path, meta);
  }

  #data(): CheckoutData {
    return { repo: this.#repo.path, options: fileOptions(this.#options) };
  }

  /** checkout_tree_at_recurse. Yields the files that are for workers. */
  *#directory(tree: Checksum, meta: Checksum, path: string, inner: string, depth: number): Generator<CheckoutTask[]> {
    if (this.#options.filter?.(inner === "" ? "/" : inner) === false) return;
    if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${tree}: nested too deep`);
    const { files, dirs } = this.#repo.loadDirTree(tree);
    const made = this.#makeDirectory(path, this.#options.whiteouts === true && files.some(isOpaque));
    if (depth === 0) this.#checkDevice(path);
    const dirMeta = this.#dirMeta(meta);
    if (made && !this.#options.user) this.#setXattrs(path, inner, dirMeta);
    yield* this.#filesOf({ directory: path, inner, files });
    for (const { name, tree, meta } of dirs) {
      checkName(name, path);
      yield* this.#directory(tree, meta, `${path}/${name}`, `${inner}/${name}`, depth + 1);
    }
    if (made) this.#made.push({ path, meta: dirMeta });
  }

  #setXattrs(path: string, inner: string, { mode, xattrs }: DirMeta): void {
    const label = this.#label?.(inner || "/", mode);
    for (const { name, value } of withLabel(xattrs, label)) setXattr(path, name, value);
  }

  *#filesOf({ directory, inner, files }: CheckoutTask): Generator<CheckoutTask[]> {
    const { filter, workers } = this.#options;
    const wanted = filter ? files.filter(({ name }) => filter(`${inner}/${name}`)) : files;
    this.#count += wanted.length;
    if (this.#count <= smallTree || workers === 0) {
      this.#writeFiles({ directory, inner, files: wanted });
      return;
    }
    for (let start = 0; start < wanted.length; start += taskFiles) {
      const part = wanted.slice(start, start + taskFiles);
      this.#batch.push({ directory, inner, files: part });
      this.#batchFiles += part.length;
      if (this.#batchFiles < taskFiles) continue;
      yield this.#batch;
      this.#batch = [];
      this.#batchFiles = 0;
    }
  }

  #writeFiles({ directory, inner, files }: CheckoutTask): void {
    for (const { name, checksum } of files) {
      const large = this.#files.write(checksum, directory, name, inner);
      if (large) this.#large.push(large);
    }
  }

  /** Makes a directory that nobody else may enter until it is complete. False when it was there. */
  #makeDirectory(path: string, opaque: boolean): boolean {
    const { whiteouts } = this.#options;
    if (opaque) removeTree(path);
    else if (whiteouts && this.#options.union === "overwrite" && lstatIfExists(path)?.isDirectory() === false)
      removeTree(path);
    try {
      mkdirSync(path, 0o700);
      return true;
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
      if ((this.#options.union ?? "none") === "none") throw exists(path, error);
      if (!lstatSync(path).isDirectory()) throw conflict(path, error);
      return false;
    }
  }

  #checkDevice(path: string): void {
    if (!this.#options.requireHardlinks || statSync(path).dev === statSync(this.#repo.path).dev) return;
    throw ostreeError(
      "cannot-hardlink",
      `Unable to do hardlink checkout across devices: from ${this.#repo.path} to ${path}`,
    );
  }

  #dirMeta(checksum: Checksum): DirMeta {
    let meta = this.#metas.get(checksum);
    if (!meta) this.#metas.set(checksum, (meta = this.#repo.loadDirMeta(checksum)));
    return meta;
  }

  #finishDirectory(path: string, { uid, gid, mode }: DirMeta): void {
    const permissions = mode & 0o7777;
    if (!this.#options.user) chownSync(path, uid, gid);
    const plain = this.#repo.mode === "bare-user-only" || this.#options.bareUserOnlyDirs === true;
    chmodSync(path, plain ? permissions & 0o775 : permissions);
    // The same for all checkouts, except of copies, which are for trees that change (/etc).
    if (!this.#options.copy) utimesSync(path, 0, 0);
    if (this.#options.fsync) syncPath(path);
  }
}

/** The part of the options that can be sent to another thread. */
function fileOptions(options: CheckoutOptions): FileCheckoutOptions {
  const { filter: _filter, subpath: _subpath, workers: _workers, bareUserOnlyDirs: _dirs, ...rest } = options;
  return rest;
}

function isOpaque({ name }: { name: string }): boolean {
  return name === opaqueWhiteout;
}

function syncPath(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
