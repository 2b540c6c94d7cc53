// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent, WorkerPool, type Xattr } from "../base/index.ts";
import { ContentStorer, type ContentResult, type ContentTask, withLabel } from "./content-task.ts";
import { canonicalXattrs } from "./file-object.ts";
import { encodeDirMeta, encodeDirTree } from "./metadata-objects.ts";
import {
  type Checksum,
  checkName,
  compareNames,
  type DirMeta,
  type DirTree,
  type FileHeader,
  isSymlinkMode,
} from "./model.ts";
import { changeOwned, type CommitModifiers } from "./modifiers.ts";
import type { Repo } from "./repo.ts";
import { readSymlink } from "./disk-header.ts";
import { Transaction, type TransactionStats } from "./transaction.ts";
import { type DirNode, type FileNode, untouchedOrigin } from "./tree.ts";

export interface WriteTreeOptions extends CommitModifiers {
  /** Adds to this transaction instead of one of its own. */
  readonly transaction?: Transaction;
  /** Remembers `CHECKSUM LABEL` -> checksum of the object with that label, so that nothing is hashed again. */
  readonly relabelCache?: Map<string, string>;
  readonly fsync?: boolean;
  /** Worker threads; 0 does all on the calling thread. Default: one per core. */
  readonly workers?: number;
}

export interface WrittenTree {
  readonly tree: Checksum;
  readonly meta: Checksum;
  readonly stats: TransactionStats;
}

/** Writes all objects of a tree; the commit itself is `writeCommit`'s. */
export async function writeTree(
  repo: Repo,
  tree: DirNode,
  options: WriteTreeOptions = {},
  progress: ProgressListener = silent,
): Promise<WrittenTree> {
  if (options.transaction) return new TreeWriter(options.transaction, options, progress).write(tree);
  using transaction = Transaction.begin(repo, options.fsync === undefined ? {} : { fsync: options.fsync });
  const written = await new TreeWriter(transaction, options, progress).write(tree);
  transaction.commit();
  return written;
}

/** Files of one message to a worker, and their bytes. */
const batchFiles = 64;
const batchBytes = 16 << 20;
/** Starting threads takes longer than to write this many files. */
const smallTree = 256;

interface Pending {
  readonly task: ContentTask;
  done(result: ContentResult): void;
}

/** A directory whose files' checksums are being found. */
interface Level {
  readonly meta: DirMeta;
  readonly files: { name: string; checksum: Checksum }[];
  readonly dirs: { name: string; level: Level }[];
}

class TreeWriter {
  readonly #transaction: Transaction;
  readonly #options: WriteTreeOptions;
  readonly #progress: ProgressListener;
  readonly #metas = new Map<string, Checksum>();
  #filesDone = 0;

  constructor(transaction: Transaction, options: WriteTreeOptions, progress: ProgressListener) {
    this.#transaction = transaction;
    this.#progress = progress;
    // A bare-user-only repository can hold nothing else (_ostree_repo_commit_modifier_apply, get_final_xattrs).
    const userOnly = transaction.repo.mode === "bare-user-only";
    this.#options = userOnly ? { ...options, canonicalPermissions: true } : options;
  }

  async write(root: DirNode): Promise<WrittenTree> {
    const levels: { level?: Level } = {};
    await this.#storeAll(this.#walk(root, "", (level) => (levels.level = level)));
    if (!levels.level) throw new Error("the root was not walked");
    return { ...this.#writeLevel(levels.level), stats: this.#transaction.stats };
  }

  /** Yields what must be hashed; checksums that are known are put into the level at once. */
  *#walk(node: DirNode, path: string, take: (level: Level) => void): Generator<Pending> {
    const level: Level = { meta: this.#dirMeta(node.meta, path), files: [], dirs: [] };
    take(level);
    for (const name of [...node.entries.keys()].sort(compareNames)) {
      const child = node.entries.get(name);
      if (!child) continue;
      checkName(name, path);
      const childPath = `${path}/${name}`;
      if (child.kind === "dir") {
        yield* this.#walk(child, childPath, (inner) => level.dirs.push({ name, level: inner }));
        continue;
      }
      const entry = { name, checksum: "" as Checksum };
      level.files.push(entry);
      yield* this.#file(child, childPath, (checksum) => (entry.checksum = checksum));
    }
  }

  #dirMeta(meta: DirMeta, path: string): DirMeta {
    const { uid, gid, mode } = changeOwned(meta, path || "/", this.#options);
    const xattrs = this.#dropsXattrs() ? [] : canonicalXattrs(meta.xattrs);
    return { uid, gid, mode, xattrs: withLabel(xattrs, this.#options.label?.(path || "/", mode)) };
  }

  #dropsXattrs(): boolean {
    return this.#options.noXattrs === true || this.#options.canonicalPermissions === true;
  }

  *#file(node: FileNode, path: string, take: (checksum: Checksum) => void): Generator<Pending> {
    const { stats } = this.#transaction;
    stats.contentTotal++;
    const origin = untouchedOrigin(node);
    const { task, relabelKey } =
      origin?.type === "path" ? this.#diskTask(origin, path) : this.#nodeTask(node, path, origin !== undefined);
    const cached = task.known ?? this.#cached(relabelKey);
    if (cached !== undefined && this.#transaction.has(cached, "file")) {
      take(cached);
      return;
    }
    yield {
      task,
      done: ({ checksum, written }) => {
        take(checksum);
        if (relabelKey !== undefined) this.#options.relabelCache?.set(relabelKey, checksum);
        if (written >= 0) this.#transaction.countContent(1, written);
      },
    };
  }

  #cached(relabelKey: string | undefined): Checksum | undefined {
    if (relabelKey === undefined) return undefined;
    return this.#options.relabelCache?.get(relabelKey) as Checksum | undefined;
  }

  /** A file as it was found on the disk: its attributes are left to the worker. */
  #diskTask(
    origin: { path: string; uid: number; gid: number; mode: number; size: number; xattrs: boolean },
    path: string,
  ): { task: ContentTask; relabelKey?: string } {
    const owned = changeOwned(origin, path, this.#options);
    const xattrs: "disk" | Xattr[] = origin.xattrs && !this.#dropsXattrs() ? "disk" : [];
    const symlink = isSymlinkMode(origin.mode) ? readSymlink(origin.path) : "";
    const source = { type: "path", path: origin.path, size: origin.size } as const;
    return { task: this.#labelled({ header: { ...owned, symlink, xattrs }, source }, path) };
  }

  #labelled(task: ContentTask, path: string): ContentTask {
    const label = this.#options.label?.(path, task.header.mode);
    return label === undefined ? task : { ...task, label };
  }

  #nodeTask(node: FileNode, path: string, untouched: boolean): { task: ContentTask; relabelKey?: string } {
    const { source } = node;
    const changesAny = changesOwned(this.#options) || this.#dropsXattrs() || this.#options.label !== undefined;
    if (source.type === "object" && untouched && !changesAny) return { task: importTask(source, undefined) };
    const header = this.#finalHeader(node.header, path);
    if (source.type !== "object") {
      return { task: { header: { ...header, xattrs: canonicalXattrs(header.xattrs) }, source } };
    }
    const original = untouched ? node.header : source.repo.loadHeader(source.checksum);
    if (sameHeader(original, header)) return { task: importTask(source, header) };
    const task = { header, source: objectSource(source) };
    const label = labelOf(header);
    const onlyLabel =
      label !== undefined && sameHeader({ ...original, xattrs: withLabel(original.xattrs, label) }, header);
    return onlyLabel ? { task, relabelKey: `${source.checksum} ${label}` } : { task };
  }

  #finalHeader(header: FileHeader, path: string): FileHeader {
    const owned = changeOwned(header, path, this.#options);
    // The order of an object's attributes is part of its checksum: it is kept unless something changes.
    const xattrs = this.#dropsXattrs() ? [] : header.xattrs;
    const label = this.#options.label?.(path, owned.mode);
    const labelled = label !== undefined && label !== labelOf(header) ? withLabel(xattrs, label) : xattrs;
    return { ...owned, symlink: header.symlink, xattrs: labelled };
  }

  /** A small tree is written by this thread; the rest of a larger one by workers. */
  async #storeAll(pending: Generator<Pending>): Promise<void> {
    const storer = new ContentStorer(this.#transaction.store);
    const here = this.#options.workers === 0 ? Number.POSITIVE_INFINITY : smallTree;
    for (let count = 0; count < here; count++) {
      const next = pending.next();
      if (next.done) return;
      const result = storer.run(next.value.task);
      next.value.done(result instanceof Promise ? await result : result);
      this.#count(1);
    }
    await this.#storeInWorkers(pending);
  }

  async #storeInWorkers(pending: Generator<Pending>): Promise<void> {
    using pool = new WorkerPool<ContentTask[], ContentResult[]>(
      "ostree/commit",
      this.#transaction.store,
      this.#options.workers,
    );
    const running = new Set<Promise<void>>();
    try {
      for (const batch of batches(pending)) {
        const work = this.#runBatch(pool, batch).finally(() => running.delete(work));
        running.add(work);
        if (running.size >= 2 * pool.size + 1) await Promise.race(running);
      }
      await Promise.all(running);
    } catch (error) {
      // Threads must have come to rest before the staging directory is removed.
      await Promise.allSettled(running);
      throw error;
    }
  }

  async #runBatch(pool: WorkerPool<ContentTask[], ContentResult[]>, batch: Pending[]): Promise<void> {
    const results = await pool.run(batch.map(({ task }) => task));
    for (const [index, result] of results.entries()) batch[index]?.done(result);
    this.#count(results.length);
  }

  #count(files: number): void {
    this.#filesDone += files;
    this.#progress({ type: "steps", task: "commit", done: this.#filesDone, unit: "files" });
  }

  #writeLevel({ meta, files, dirs }: Level): { tree: Checksum; meta: Checksum } {
    const written = dirs.map(({ name, level }) => ({ name, ...this.#writeLevel(level) }));
    const content: DirTree = { files, dirs: written };
    return { tree: this.#transaction.writeMetadata("dirtree", encodeDirTree(content)), meta: this.#writeMeta(meta) };
  }

  #writeMeta(meta: DirMeta): Checksum {
    const bytes = encodeDirMeta(meta);
    const key = bytes.toString("latin1");
    const known = this.#metas.get(key);
    if (known !== undefined) return known;
    const checksum = this.#transaction.writeMetadata("dirmeta", bytes);
    this.#metas.set(key, checksum);
    return checksum;
  }
}

function* batches(pending: Generator<Pending>): Generator<Pending[]> {
  let batch: Pending[] = [];
  let bytes = 0;
  for (const item of pending) {
    batch.push(item);
    bytes += taskBytes(item.task);
    if (batch.length < batchFiles && bytes < batchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function taskBytes({ source }: ContentTask): number {
  if (source.type === "path") return source.size;
  return source.type === "bytes" ? source.bytes.length : 0;
}

function changesOwned(modifiers: CommitModifiers): boolean {
  const { uid, gid, canonicalPermissions, modeRoExecutables, statOverride } = modifiers;
  return (
    uid !== undefined ||
    gid !== undefined ||
    statOverride !== undefined ||
    !!canonicalPermissions ||
    !!modeRoExecutables
  );
}

function objectSource(source: { repo: Repo; checksum: Checksum }): ContentTask["source"] {
  return { type: "object", path: source.repo.objectPath(source.checksum, "file"), mode: source.repo.mode };
}

const noHeader: FileHeader = { uid: 0, gid: 0, mode: 0, symlink: "", xattrs: [] };

/** The object as it is; the header is not needed for it. */
function importTask(source: { repo: Repo; checksum: Checksum }, header: FileHeader | undefined): ContentTask {
  return { header: header ?? noHeader, source: objectSource(source), known: source.checksum };
}

function labelOf({ xattrs }: { xattrs: readonly Xattr[] }): string | undefined {
  const found = xattrs.find(({ name }) => name === "security.selinux");
  return found && Buffer.from(found.value).toString().replace(/\0$/, "");
}

/** Equal to the last byte, the order of attributes included. */
export function sameHeader(a: FileHeader, b: FileHeader): boolean {
  return (
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mode === b.mode &&
    a.symlink === b.symlink &&
    a.xattrs.length === b.xattrs.length &&
    a.xattrs.every(({ name, value }, index) => {
      const other = b.xattrs[index];
      return other !== undefined && name === other.name && Buffer.compare(value, other.value) === 0;
    })
  );
}
