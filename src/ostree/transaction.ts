// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { type HeldLock, removeIfExists, syncDirectory, syncFileSystem, unlessErrno, writeAll } from "../base/index.ts";
import { enableObjectVerity } from "./fsverity.ts";
import { encodeFileHeader } from "./file-object.ts";
import { type Checksum, type FileHeader, isSymlinkMode, type MetadataType, type ObjectType } from "./model.ts";
import { loosePath } from "./object-path.ts";
import { formatRefSpec, parseRefSpec, type RefSpec, writeRef } from "./refs.ts";
import type { Repo } from "./repo.ts";
import { ostreeError } from "./errors.ts";
import { dropUnfinished, leaveStaging, openStaging, removeStaging, type Staging } from "./staging.ts";
import { storeContent, storeHas, type Store } from "./store-content.ts";

/** What a transaction did, as `ostree commit --table-output` counts it. */
export interface TransactionStats {
  metadataTotal: number;
  metadataWritten: number;
  contentTotal: number;
  contentWritten: number;
  contentBytesWritten: number;
  /** Files found to be hard links of objects, so that nothing was read (devino_cache_hits). */
  cacheHits: number;
}

export interface BeginOptions {
  /** False: a crash of the machine may lose what is committed. Default: the repository's setting. */
  readonly fsync?: boolean;
  /** Flush each object as it is written; default: the repository's setting. */
  readonly perObjectFsync?: boolean;
  /** Go on with the objects of an earlier such transaction that did not end; the objects must be written atomically. */
  readonly resume?: boolean;
}

/**
 * Adds objects and refs to a repository, all or nothing. Objects are written to a staging directory; `commit` flushes the
 * file system, renames them into place, flushes the directories, then sets the refs (ostree_repo_commit_transaction).
 * `using transaction = Transaction.begin(repo)` drops everything unless committed.
 */
export class Transaction implements Disposable {
  readonly repo: Repo;
  readonly store: Store;
  readonly stats: TransactionStats = {
    metadataTotal: 0,
    metadataWritten: 0,
    contentTotal: 0,
    contentWritten: 0,
    contentBytesWritten: 0,
    cacheHits: 0,
  };
  readonly #fsync: boolean;
  readonly #refs = new Map<string, { spec: RefSpec; checksum: Checksum | undefined }>();
  readonly #staging: Staging;
  readonly #lock: HeldLock;
  readonly #resumable: boolean;
  #open = true;

  private constructor(repo: Repo, staging: Staging, lock: HeldLock, options: BeginOptions) {
    this.repo = repo;
    this.#staging = staging;
    this.#lock = lock;
    this.#fsync = options.fsync ?? repo.settings.fsync;
    this.#resumable = options.resume ?? false;
    const { mode, zlibLevel } = repo.settings;
    const perObjectFsync = options.perObjectFsync ?? repo.settings.perObjectFsync;
    const objects = join(repo.path, "objects");
    this.store = {
      mode,
      objects,
      staging: staging.path,
      fresh: !staging.adopted,
      zlibLevel,
      perObjectFsync: perObjectFsync && this.#fsync,
      reservedBytes: reservedBytes(repo),
      prefixes: new Set(readdirSync(objects)),
      umask: process.umask(),
      payloadLinks: staging.path,
      payloadLinkThreshold: repo.settings.payloadLinkThreshold,
    };
  }

  static begin(repo: Repo, options: BeginOptions = {}): Transaction {
    const shared = repo.lock("shared");
    try {
      return new Transaction(repo, openStaging(repo, options.resume ?? false), shared, options);
    } catch (error) {
      shared.release();
      throw error;
    }
  }

  has(checksum: Checksum, type: ObjectType): boolean {
    return storeHas(this.store, checksum, type);
  }

  /** Where an object is to be written; its directory is made. The caller vouches for the content. */
  stagedPath(checksum: Checksum, type: ObjectType): string {
    mkdirSync(`${this.store.staging}/${checksum.slice(0, 2)}`, { recursive: true });
    return `${this.store.staging}/${loosePath(checksum, type, this.store.mode)}`;
  }

  /** Adds a metadata object; `bytes` are hashed, except for `commitmeta`, which has its commit's name. */
  writeMetadata(type: MetadataType, bytes: Uint8Array, commit?: Checksum): Checksum {
    const checksum = commit ?? (hash("sha256", bytes, "hex") as Checksum);
    this.stats.metadataTotal++;
    if (type !== "commitmeta" && this.has(checksum, type)) return checksum;
    const fd = openSync(this.stagedPath(checksum, type), "w", 0o644);
    try {
      writeAll(fd, bytes);
    } finally {
      closeSync(fd);
    }
    this.stats.metadataWritten++;
    return checksum;
  }

  /** A metadata object that is in the repository or was added. */
  loadMetadata(checksum: Checksum, type: MetadataType): Buffer {
    return this.repo.has(checksum, type)
      ? this.repo.loadMetadata(checksum, type)
      : readFileSync(this.stagedPath(checksum, type));
  }

  /** Adds a content object held in memory. */
  writeContent(header: FileHeader, content: Uint8Array): Checksum {
    const bytes = isSymlinkMode(header.mode) ? new Uint8Array() : content;
    const checksum = hash("sha256", Buffer.concat([encodeFileHeader(header), bytes]), "hex") as Checksum;
    this.stats.contentTotal++;
    if (this.has(checksum, "file")) return checksum;
    const written = storeContent(this.store, checksum, header, bytes, bytes.length);
    if (written !== undefined) this.countContent(1, bytes.length);
    return checksum;
  }

  /** Counts content objects that were written by others on this transaction's behalf. */
  countContent(written: number, bytes: number): void {
    this.stats.contentWritten += written;
    this.stats.contentBytesWritten += bytes;
  }

  /** Sets a ref when the transaction is committed; `undefined` deletes it. */
  setRef(ref: string | RefSpec, checksum: Checksum | undefined): void {
    const spec = typeof ref === "string" ? parseRefSpec(ref) : ref;
    this.#refs.set(formatRefSpec(spec), { spec, checksum });
  }

  /** Makes everything that was added permanent. */
  commit(): TransactionStats {
    this.#ensureOpen();
    if (testErrors().includes("pre-commit")) this.#leaveStaged();
    if (this.#resumable) dropUnfinished(this.store.staging);
    this.#enableVerity();
    if (this.#fsync) syncFileSystem(this.store.staging);
    const touched = this.#renameObjects();
    if (this.#fsync) {
      for (const directory of touched) syncDirectory(directory);
      if (touched.length > 0) syncDirectory(this.store.objects);
    }
    const options = { durable: this.#fsync, temporaryDirectory: this.store.staging };
    for (const { spec, checksum } of this.#refs.values()) writeRef(this.repo.path, spec, checksum, options);
    this.#close();
    return this.stats;
  }

  /** Ends without a change to the repository. What a resumable one gathered stays for the next. */
  abort(): void {
    if (!this.#open) return;
    if (!this.#resumable || readdirSync(this.store.staging).length === 0) return this.#close();
    this.#open = false;
    this.#staging.lock.release();
    this.#lock.release();
  }

  /** As `abort`, keeping nothing. */
  drop(): void {
    if (this.#open) this.#close();
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  /** Ends with an error as if the machine had stopped here; what is staged is whole, and is left to libostree's names. */
  #leaveStaged(): never {
    this.#open = false;
    leaveStaging(this.repo, this.#staging);
    this.#lock.release();
    throw ostreeError("test-error", "OSTREE_REPO_TEST_ERROR_PRE_COMMIT specified");
  }

  #ensureOpen(): void {
    if (!this.#open) throw new Error("the transaction has ended");
  }

  #close(): void {
    this.#open = false;
    removeStaging(this.#staging);
    this.#lock.release();
  }

  /** Here, and not by those who write the objects, as nobody has them open any more. */
  #enableVerity(): void {
    const { fsverity } = this.repo.settings;
    if (fsverity === "no") return;
    for (const prefix of stagedPrefixes(this.store.staging)) {
      const directory = join(this.store.staging, prefix);
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        if (entry.isFile()) enableObjectVerity(join(directory, entry.name), fsverity);
      }
    }
  }

  /** rename_pending_loose_objects. A whole directory is renamed at once where `objects/` has none of its name. */
  #renameObjects(): string[] {
    const { staging, objects } = this.store;
    return stagedPrefixes(staging).map((prefix) => {
      const from = join(staging, prefix);
      const to = join(objects, prefix);
      if (!unlessErrno(["ENOTEMPTY", "EEXIST"], () => (renameSync(from, to), true))) renameEntries(from, to);
      return to;
    });
  }
}

function stagedPrefixes(staging: string): string[] {
  return readdirSync(staging).filter((name) => /^[0-9a-f]{2}$/.test(name));
}

/** Errors that are asked for, to see what becomes of a repository (`OSTREE_REPO_TEST_ERROR`, ostree-repo.c). */
function testErrors(): string[] {
  return (process.env["OSTREE_REPO_TEST_ERROR"] ?? "").split(/[:;, \t]+/);
}

/** min_free_space_calculate_reserved_bytes */
function reservedBytes({ path, settings: { minFreeSpace } }: Repo): number {
  if ("bytes" in minFreeSpace) return minFreeSpace.bytes;
  const { bsize, blocks } = statfsSync(path);
  return Math.floor((blocks * bsize * minFreeSpace.percent) / 100);
}

/** An object that came into being meanwhile has the same content, so it may be replaced. */
function renameEntries(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    renameSync(`${from}/${name}`, `${to}/${name}`);
    // A commit that was deleted is here again (write_metadata_object).
    if (name.endsWith(".commit")) removeIfExists(`${to}/${name.replace(/commit$/, "tombstone-commit")}`);
  }
}
