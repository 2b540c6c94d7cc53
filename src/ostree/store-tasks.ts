// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, WorkerPool } from "../base/index.ts";
import { ContentStorer, type ContentResult, type ContentTask } from "./content-task.ts";
import type { Store } from "./store-content.ts";

/** A file to be hashed and stored, and who wants to know of it. */
export interface PendingTask {
  readonly task: ContentTask;
  /** Memory of the task that nobody else needs: it is moved to the thread that does the work, not copied. */
  readonly transfer?: ArrayBuffer;
  done(result: ContentResult): void;
}

export interface StoreTasksOptions {
  /** Worker threads; 0 does all on the calling thread. Default: one per core. */
  readonly workers?: number | undefined;
  readonly progress: ProgressListener;
}

/** Files of one message to a worker, and their bytes. */
const batchFiles = 64;
const batchBytes = 16 << 20;
/** Starting threads takes longer than to write this many files. */
const smallTree = 256;

/**
 * Stores files as they come, the first of them on this thread, the rest in workers: `pending` is asked for more only when
 * a worker is free, so that memory stays bounded. Tasks are done in any order.
 */
export async function storeTasks(
  store: Store,
  pending: Generator<PendingTask>,
  options: StoreTasksOptions,
): Promise<void> {
  let filesDone = 0;
  const count = (files: number) => {
    filesDone += files;
    options.progress({ type: "steps", task: "commit", done: filesDone, unit: "files" });
  };
  const storer = new ContentStorer(store);
  const here = options.workers === 0 ? Number.POSITIVE_INFINITY : smallTree;
  for (let index = 0; index < here; index++) {
    const next = pending.next();
    if (next.done) return;
    const result = storer.run(next.value.task);
    next.value.done(result instanceof Promise ? await result : result);
    count(1);
  }
  await storeInWorkers(store, pending, options.workers, count);
}

async function storeInWorkers(
  store: Store,
  pending: Generator<PendingTask>,
  workers: number | undefined,
  count: (files: number) => void,
): Promise<void> {
  using pool = new WorkerPool<ContentTask[], ContentResult[]>("ostree/commit", store, workers);
  const running = new Set<Promise<void>>();
  const runBatch = async (batch: PendingTask[]) => {
    const moved = batch.flatMap(({ transfer }) => (transfer === undefined ? [] : [transfer]));
    const tasks = batch.map(({ task }) => task);
    const results = await pool.run(tasks, moved);
    for (const [index, result] of results.entries()) batch[index]?.done(result);
    count(results.length);
  };
  try {
    for (const batch of batches(pending)) {
      const work = runBatch(batch).finally(() => running.delete(work));
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

function* batches(pending: Generator<PendingTask>): Generator<PendingTask[]> {
  let batch: PendingTask[] = [];
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
