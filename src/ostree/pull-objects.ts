// SPDX-License-Identifier: Apache-2.0
import { WorkerPool } from "../base/index.ts";
import { ChecksumSet } from "./checksum-set.ts";
import { noObjects, type PullBatch, type PullData, type PullResult, type TreeEntries } from "./get-object.ts";
import type { Checksum, ObjectType } from "./model.ts";
import type { PullProgress } from "./pull-progress.ts";
import type { ObjectSource } from "./pull-source.ts";
import { connectionLimit } from "./remote/servers.ts";
import { type ObjectKey, objectKey, splitKey } from "./traverse.ts";

/** Totals of what the workers did. */
export interface ObjectCounts {
  fetchedMetadata: number;
  fetchedContent: number;
  importedMetadata: number;
  importedContent: number;
  written: number;
  transferred: number;
}

/** Objects in one message to a worker. */
const batchSize = 256;

/**
 * Walks trees from their roots and lets worker threads bring every object, directories first: they tell what else there
 * is, so that the total is soon known.
 */
export class ObjectPull implements AsyncDisposable {
  readonly counts: ObjectCounts = { ...noObjects };
  readonly #data: PullData;
  #pool: WorkerPool<PullBatch, PullResult> | undefined;
  readonly #threads: number;
  readonly #progress: PullProgress;
  readonly #subpaths: readonly string[];
  /** All that was ever queued, by type: nothing is asked for twice. */
  readonly #queued = new Map<ObjectType, ChecksumSet>();
  #total = 0;
  /** Queued metadata that is to be brought. */
  readonly #metadata: ObjectKey[] = [];
  /** Files are brought in the order in which they were queued: so many were handed to a thread. */
  #filesBegun = 0;
  /** With subpaths: the places where each directory is, and what it holds once it is here. */
  readonly #places = new Map<Checksum, string[]>();
  readonly #entries = new Map<Checksum, TreeEntries>();
  #running = 0;
  #treesRunning = 0;
  #done = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;

  /** @param subpaths absolute paths in the tree; none pulls all of it */
  constructor(data: PullData, subpaths: readonly string[], progress: PullProgress) {
    this.#threads = WorkerPool.defaultSize;
    this.#subpaths = subpaths.map((path) => `/${path.split("/").filter(Boolean).join("/")}`);
    this.#progress = progress;
    this.#data = { ...data, source: shareConnections(data.source, this.#threads) };
  }

  /** Queues the tree of a commit. */
  add(tree: Checksum, meta: Checksum): void {
    this.#addMetadata(meta, "dirmeta");
    this.#addTree(tree, "/");
  }

  /** Queues objects by themselves: what a delta leaves to be fetched. */
  addObjects(keys: readonly ObjectKey[]): void {
    for (const { checksum, type } of keys.map(splitKey)) {
      if (type === "file") this.#addFile(checksum);
      else this.#addMetadata(checksum, type);
    }
  }

  /** Brings all that was queued and what it refers to. */
  async run(): Promise<void> {
    while (this.#failure === undefined && (this.#running > 0 || this.#waiting > 0)) {
      while (this.#running < this.#threads * 2 && this.#waiting > 0) this.#start();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Makes `run` end with an error; the threads' work is dropped. */
  stop(reason: unknown): void {
    this.#failure ??= reason;
    this.#wake?.();
  }

  /** Threads must have come to rest before the staging directory is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool?.[Symbol.asyncDispose]();
  }

  #start(): void {
    const trees = this.#metadata.length > 0;
    const left = trees ? this.#metadata.length : this.#waiting;
    // While few are known they are shared out, so that no thread waits for another.
    const share = Math.ceil(left / (this.#threads * 2 - this.#running));
    const count = Math.min(batchSize, share);
    const objects = trees ? this.#metadata.splice(0, count) : this.#nextFiles(count);
    this.#running++;
    if (trees) this.#treesRunning++;
    // Threads are not started for a pull that finds all objects here.
    this.#pool ??= new WorkerPool<PullBatch, PullResult>("ostree/pull", this.#data, this.#threads);
    this.#pool
      .run({ objects, names: this.#subpaths.length > 0 })
      .then((result) => {
        if (trees) this.#treesRunning--;
        this.#finish(result, objects.length);
      })
      .catch((error: unknown) => (this.#failure ??= error))
      .finally(() => {
        this.#running--;
        this.#wake?.();
      });
  }

  /** Objects that are queued and not yet handed to a thread. */
  get #waiting(): number {
    return this.#metadata.length + this.#queuedOf("file").size - this.#filesBegun;
  }

  #nextFiles(count: number): ObjectKey[] {
    const files = this.#queuedOf("file");
    return Array.from({ length: count }, () => objectKey(files.at(this.#filesBegun++), "file"));
  }

  #finish(result: PullResult, count: number): void {
    const { trees, ...counts } = result;
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) this.counts[key] += counts[key];
    for (const tree of trees) this.#found(tree);
    this.#done += count;
    this.#tell();
  }

  #tell(): void {
    this.#progress.objects(this.#done, this.#total, this.#metadata.length === 0 && this.#treesRunning === 0);
  }

  #found(entries: TreeEntries): void {
    if (this.#subpaths.length > 0) {
      this.#entries.set(entries.tree, entries);
      for (const place of this.#places.get(entries.tree) ?? []) this.#select(entries, place);
      return;
    }
    const { files, dirs } = entries;
    const queued = this.#queuedOf("file");
    const bytes = Buffer.from(files, "hex");
    for (let at = 0; at < bytes.length; at += 32) if (queued.addBytes(bytes, at)) this.#total++;
    for (let at = 0; at < dirs.length; at += 128) this.#addDirectory(dirs, at, "/");
  }

  #addFile(checksum: Checksum): void {
    if (this.#queuedOf("file").add(checksum)) this.#total++;
  }

  #addDirectory(dirs: string, at: number, path: string): void {
    this.#addMetadata(dirs.slice(at + 64, at + 128) as Checksum, "dirmeta");
    this.#addTree(dirs.slice(at, at + 64) as Checksum, path);
  }

  #addTree(tree: Checksum, path: string): void {
    if (this.#subpaths.length > 0) {
      const places = this.#places.get(tree) ?? [];
      this.#places.set(tree, [...places, path]);
      const known = this.#entries.get(tree);
      if (known) this.#select(known, path);
    }
    this.#addMetadata(tree, "dirtree");
  }

  /** Takes of a directory at `path` what is below a subpath, or on the way to one. */
  #select(entries: TreeEntries, path: string): void {
    const inside = path === "/" ? "" : path;
    for (const [index, name] of entries.fileNames!.entries()) {
      if (this.#wants(`${inside}/${name}`, false)) {
        this.#addFile(entries.files.slice(index * 64, index * 64 + 64) as Checksum);
      }
    }
    for (const [index, name] of entries.dirNames!.entries()) {
      if (this.#wants(`${inside}/${name}`, true)) this.#addDirectory(entries.dirs, index * 128, `${inside}/${name}`);
    }
  }

  #wants(path: string, directory: boolean): boolean {
    return this.#subpaths.some(
      (wanted) =>
        wanted === "/" ||
        path === wanted ||
        path.startsWith(`${wanted}/`) ||
        (directory && wanted.startsWith(`${path}/`)),
    );
  }

  #addMetadata(checksum: Checksum, type: ObjectType): void {
    if (!this.#queuedOf(type).add(checksum)) return;
    this.#total++;
    this.#metadata.push(objectKey(checksum, type));
  }

  #queuedOf(type: ObjectType): ChecksumSet {
    let found = this.#queued.get(type);
    if (!found) this.#queued.set(type, (found = new ChecksumSet()));
    return found;
  }
}

/** The clients of all threads together open as many connections as were allowed to one. */
function shareConnections(source: ObjectSource, threads: number): ObjectSource {
  if (source.type === "local") return source;
  const servers = source.servers.map((server) => ({
    ...server,
    connections: Math.max(1, Math.floor((server.connections ?? connectionLimit) / threads)),
  }));
  return { ...source, servers };
}
