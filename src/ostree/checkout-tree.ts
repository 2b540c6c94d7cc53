// SPDX-License-Identifier: Apache-2.0
/**
 * The directories of a checkout (checkout_tree_at_recurse). This thread walks them and makes them; files are written by
 * workers, and by this thread while those have enough to do.
 */
import { lstatSync, mkdirSync, statSync } from "node:fs";
import { isErrno, lstatIfExists, removeTree, setXattr, WorkerPool } from "../base/index.ts";
import type { CheckoutOptions } from "./checkout.ts";
import { type DirectoryEnd, endDirectory } from "./checkout-directory.ts";
import {
  checkoutLabeler,
  conflict,
  exists,
  FileCheckout,
  type FileCheckoutOptions,
  opaqueWhiteout,
} from "./checkout-file.ts";
import { withLabel } from "./content-task.ts";
import { decodeDirTree, subdirectoriesOf } from "./dirtree-object.ts";
import { ostreeError } from "./errors.ts";
import { type Checksum, checkName, type DirMeta, type DirTree, directoryDepthLimit } from "./model.ts";
import type { Repo } from "./repo.ts";
import type { Labeler } from "./selinux/labeler.ts";

/** Files of one directory. */
export interface CheckoutTask {
  readonly directory: string;
  /** Its path in the commit. */
  readonly inner: string;
  /** Or a dirtree object, for all of its files: it is sent to another thread more quickly than what is in it. */
  readonly files: DirTree["files"] | Uint8Array;
  /** The directory is complete with these. */
  readonly end?: DirectoryEnd;
}

/** What a worker is given at its start. */
export interface CheckoutData {
  readonly repo: string;
  readonly options: FileCheckoutOptions;
}

/** Starting threads takes longer than to write this many files. */
const smallTree = 800;
/** For one message to a worker: about as many files, or bytes of dirtrees with so many. */
const batchFiles = 256;
const batchBytes = 12 << 10;

type Pool = WorkerPool<CheckoutTask[], void>;

export class TreeCheckout {
  readonly #repo: Repo;
  readonly #options: CheckoutOptions;
  readonly #files: FileCheckout;
  readonly #label: Labeler | undefined;
  readonly #metas = new Map<Checksum, DirMeta>();
  /** Directories to be ended when all files are there: children before parents. */
  readonly #ends: { path: string; end: DirectoryEnd }[] = [];
  /** What is not finished: tasks of workers, large files of this thread. */
  readonly #running = new Set<Promise<void>>();
  readonly #self = process.geteuid?.();
  #pool: Pool | undefined;
  #bytes = 0;
  #batch: CheckoutTask[] = [];
  #batchBytes = 0;

  constructor(repo: Repo, options: CheckoutOptions) {
    this.#repo = repo;
    this.#options = options;
    this.#files = new FileCheckout(repo, fileOptions(options));
    this.#label = options.policy && checkoutLabeler(options.policy);
  }

  async write(tree: Checksum, meta: Checksum, destination: string): Promise<void> {
    try {
      for (const batch of this.#directory(tree, meta, destination, "", 0)) await this.#dispatch(batch);
      this.#writeHere(this.#batch);
      while (this.#running.size > 0) await Promise.all(this.#running);
    } finally {
      await Promise.allSettled(this.#running);
      this.#pool?.[Symbol.dispose]();
    }
    for (const { path, end } of this.#ends) endDirectory(path, end);
  }

  async #dispatch(batch: CheckoutTask[]): Promise<void> {
    const { workers } = this.#options;
    if (workers === 0 || this.#bytes < smallTree * (batchBytes / batchFiles)) return this.#writeHere(batch);
    this.#pool ??= new WorkerPool("ostree/checkout", this.#data(), workers ?? Math.max(1, WorkerPool.defaultSize - 1));
    if (this.#running.size < 2 * this.#pool.size) return this.#track(this.#pool.run(batch));
    this.#writeHere(batch);
    // Only between batches can a worker's answer be heard.
    await new Promise((resolve) => setImmediate(resolve));
  }

  #writeHere(batch: readonly CheckoutTask[]): void {
    for (const task of batch) {
      const large = this.#files.writeTask(task);
      if (large) this.#track(large);
    }
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    // It is waited for later; a failure before that is no unhandled one.
    tracked.catch(() => {});
  }

  #data(): CheckoutData {
    return { repo: this.#repo.path, options: fileOptions(this.#options) };
  }

  /** Yields the batches of files. */
  *#directory(tree: Checksum, meta: Checksum, path: string, inner: string, depth: number): Generator<CheckoutTask[]> {
    const { filter, whiteouts } = this.#options;
    if (filter?.(inner === "" ? "/" : inner) === false) return;
    if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${tree}: nested too deep`);
    const what = `dirtree ${tree}`;
    const bytes = this.#repo.loadMetadata(tree, "dirtree");
    const made = this.#makeDirectory(path, whiteouts === true && decodeDirTree(bytes, what).files.some(isOpaque));
    if (depth === 0) this.#checkDevice(path);
    const dirMeta = this.#dirMeta(meta);
    if (made && !this.#options.user) this.#setXattrs(path, inner, dirMeta);
    const files = { directory: path, inner, ...(made ? { end: this.#endOf(dirMeta) } : {}) };
    // A whiteout must not delete a directory beside it.
    if (whiteouts) yield* this.#filesOf(files, bytes, what);
    for (const { name, tree, meta } of subdirectoriesOf(bytes, what)) {
      checkName(name, path);
      yield* this.#directory(tree, meta, `${path}/${name}`, `${inner}/${name}`, depth + 1);
    }
    // With all directories made in it, it can be ended with its files.
    if (!whiteouts) yield* this.#filesOf(files, bytes, what);
  }

  *#filesOf(task: Omit<CheckoutTask, "files">, bytes: Buffer, what: string): Generator<CheckoutTask[]> {
    const { filter, whiteouts } = this.#options;
    const { end, ...rest } = task;
    const whole = !filter && bytes.length <= batchBytes;
    const endsHere = whole && !whiteouts && end !== undefined && end.safeBeforeChildren;
    if (end !== undefined && !endsHere) this.#ends.push({ path: task.directory, end });
    if (whole) {
      // A copy: of a view, all of the memory that it is in would be sent.
      yield* this.#add({ ...rest, files: new Uint8Array(bytes), ...(endsHere ? { end } : {}) }, bytes.length);
      return;
    }
    const { files } = decodeDirTree(bytes, what);
    const wanted = filter ? files.filter(({ name }) => filter(`${task.inner}/${name}`)) : files;
    for (let start = 0; start < wanted.length; start += batchFiles) {
      const part = wanted.slice(start, start + batchFiles);
      yield* this.#add({ ...rest, files: part }, (part.length * batchBytes) / batchFiles);
    }
  }

  *#add(task: CheckoutTask, bytes: number): Generator<CheckoutTask[]> {
    this.#bytes += bytes;
    this.#batch.push(task);
    this.#batchBytes += bytes;
    if (this.#batchBytes < batchBytes) return;
    yield this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
  }

  #setXattrs(path: string, inner: string, { mode, xattrs }: DirMeta): void {
    const label = this.#label?.(inner || "/", mode);
    for (const { name, value } of withLabel(xattrs, label)) setXattr(path, name, value);
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

  #endOf({ uid, gid, mode }: DirMeta): DirectoryEnd {
    const { user = false, bareUserOnlyDirs = false, copy = false, fsync = false } = this.#options;
    const plain = this.#repo.mode === "bare-user-only" || bareUserOnlyDirs;
    const permissions = mode & (plain ? 0o775 : 0o7777);
    return {
      mode: permissions,
      ...(user ? {} : { owner: { uid, gid } }),
      // The same for all checkouts, except of copies, which are for trees that change (/etc).
      epoch: !copy,
      fsync,
      // Who else may write to it, or owns it, could put something else in the place of a directory in it that is not
      // complete; and we must be able to go into those.
      safeBeforeChildren: (permissions & 0o722) === 0o700 && (user || uid === this.#self),
    };
  }
}

/** The part of the options that can be sent to another thread. */
export function fileOptions(options: CheckoutOptions): FileCheckoutOptions {
  const { filter: _filter, subpath: _subpath, workers: _workers, bareUserOnlyDirs: _dirs, ...rest } = options;
  return rest;
}

function isOpaque({ name }: { name: string }): boolean {
  return name === opaqueWhiteout;
}
