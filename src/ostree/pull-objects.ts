// SPDX-License-Identifier: Apache-2.0
import { WorkerPool } from "../base/index.ts";
import { noObjects, type PullBatch, type PullData, type PullResult, type TreeEntries } from "./get-object.ts";
import type { Checksum } from "./model.ts";
import type { PullProgress } from "./pull-progress.ts";
import type { ObjectSource } from "./pull-source.ts";
import { connectionLimit } from "./remote/servers.ts";
import { type ObjectKey, objectKey } from "./traverse.ts";

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
  readonly #seen = new Set<ObjectKey>();
  readonly #trees: ObjectKey[] = [];
  readonly #content: ObjectKey[] = [];
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
    this.#enqueue(this.#trees, objectKey(meta, "dirmeta"));
    this.#addTree(tree, "/");
  }

  /** Queues objects by themselves: what a delta leaves to be fetched. */
  addObjects(keys: readonly ObjectKey[]): void {
    for (const key of keys) this.#enqueue(this.#content, key);
  }

  /** Brings all that was queued and what it refers to. */
  async run(): Promise<void> {
    while (this.#failure === undefined && (this.#running > 0 || this.#trees.length + this.#content.length > 0)) {
      while (this.#running < this.#threads * 2 && this.#trees.length + this.#content.length > 0) this.#start();
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
    const queue = this.#trees.length > 0 ? this.#trees : this.#content;
    // While few are known they are shared out, so that no thread waits for another.
    const share = Math.ceil(queue.length / (this.#threads * 2 - this.#running));
    const objects = queue.splice(0, Math.min(batchSize, share));
    const trees = queue === this.#trees;
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

  #finish(result: PullResult, count: number): void {
    const { trees, ...counts } = result;
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) this.counts[key] += counts[key];
    for (const tree of trees) this.#found(tree);
    this.#done += count;
    this.#tell();
  }

  #tell(): void {
    this.#progress.objects(this.#done, this.#seen.size, this.#trees.length === 0 && this.#treesRunning === 0);
  }

  #found(entries: TreeEntries): void {
    if (this.#subpaths.length > 0) {
      this.#entries.set(entries.tree, entries);
      for (const place of this.#places.get(entries.tree) ?? []) this.#select(entries, place);
      return;
    }
    const { files, dirs } = entries;
    for (let at = 0; at < files.length; at += 64) this.#addFile(files.slice(at, at + 64) as Checksum);
    for (let at = 0; at < dirs.length; at += 128) this.#addDirectory(dirs, at, "/");
  }

  #addFile(checksum: Checksum): void {
    this.#enqueue(this.#content, objectKey(checksum, "file"));
  }

  #addDirectory(dirs: string, at: number, path: string): void {
    this.#enqueue(this.#trees, objectKey(dirs.slice(at + 64, at + 128) as Checksum, "dirmeta"));
    this.#addTree(dirs.slice(at, at + 64) as Checksum, path);
  }

  #addTree(tree: Checksum, path: string): void {
    if (this.#subpaths.length > 0) {
      const places = this.#places.get(tree) ?? [];
      this.#places.set(tree, [...places, path]);
      const known = this.#entries.get(tree);
      if (known) this.#select(known, path);
    }
    this.#enqueue(this.#trees, objectKey(tree, "dirtree"));
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

  #enqueue(queue: ObjectKey[], key: ObjectKey): void {
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    queue.push(key);
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
