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
  /** Worker threads beside the calling one, which takes part; 0 for none. Default: one per further core. */
  readonly workers?: number | undefined;
  readonly progress: ProgressListener;
}

/** Files of one message to a worker, and their bytes. */
const batchFiles = 64;
const batchBytes = 16 << 20;
/** Starting threads takes longer than to write this many files. */
const smallTree = 256;
/** Bytes of a batch that this thread takes on itself: workers would wait for more work longer than it saves. */
const ownBytes = 2 << 20;

/**
 * Stores files as they come, the first of them on this thread, the rest in workers too: `pending` is asked for more only
 * when somebody is free, so that memory stays bounded. Tasks are done in any order.
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
  const storeHere = async ({ task, done }: PendingTask) => {
    const result = storer.run(task);
    done(result instanceof Promise ? await result : result);
  };
  const here = options.workers === 0 ? Number.POSITIVE_INFINITY : smallTree;
  for (let index = 0; index < here; index++) {
    const next = pending.next();
    if (next.done) return;
    await storeHere(next.value);
    count(1);
  }
  const workers = options.workers ?? Math.max(1, WorkerPool.defaultSize - 1);
  using pool = new WorkerPool<ContentTask[], ContentResult[]>("ostree/commit", store, workers);
  await storeInBatches(pool, pending, storeHere, count);
}

async function storeInBatches(
  pool: WorkerPool<ContentTask[], ContentResult[]>,
  pending: Generator<PendingTask>,
  storeHere: (item: PendingTask) => Promise<void>,
  count: (files: number) => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const runBatch = async (batch: PendingTask[]) => {
    const moved = batch.flatMap(({ transfer }) => (transfer === undefined ? [] : [transfer]));
    const tasks = batch.map(({ task }) => task);
    const results = await pool.run(tasks, moved);
    for (const [index, result] of results.entries()) batch[index]?.done(result);
    count(results.length);
  };
  try {
    for (const { items, bytes } of batches(pending)) {
      if (running.size >= 2 * pool.size && bytes <= ownBytes) {
        for (const item of items) await storeHere(item);
        count(items.length);
        // Only between batches can a worker's answer be heard.
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const work = runBatch(items).finally(() => running.delete(work));
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

function* batches(pending: Generator<PendingTask>): Generator<{ items: PendingTask[]; bytes: number }> {
  let items: PendingTask[] = [];
  let bytes = 0;
  for (const item of pending) {
    items.push(item);
    bytes += taskBytes(item.task);
    if (items.length < batchFiles && bytes < batchBytes) continue;
    yield { items, bytes };
    items = [];
    bytes = 0;
  }
  if (items.length > 0) yield { items, bytes };
}

function taskBytes({ source }: ContentTask): number {
  if (source.type === "path") return source.size;
  return source.type === "bytes" ? source.bytes.length : 0;
}
