// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { parentPort, Worker, workerData, type Transferable } from "node:worker_threads";
import { AtomicError } from "./errors.ts";

/** Threads that a pool has when nothing else is said. */
let threads = Math.min(availableParallelism(), 8);
/** Hot loops make short-lived garbage: a small nursery keeps memory low, and costs no time. */
let nurseryMegabytes = 8;

/** From now on pools of this process have one thread, with a smaller heap: each takes 30 to 40 MB else. For what stays. */
export function saveMemory(): void {
  threads = 1;
  nurseryMegabytes = 2;
}

/**
 * A pool of worker threads for the hot loops. `module` names the worker's file under `src/` without its suffix:
 * `ostree/commit` is `src/ostree/commit.worker.ts`, which calls `serveWorker`. In the shipped executable the same name
 * is an asset. Tasks are sent in batches by the caller: a message costs about 20 us.
 */
export class WorkerPool<Task, Result> implements TaskRunner<Task, Result>, AsyncDisposable {
  /** Threads that a pool has when nothing else is said: one per core, at most 8, one after `saveMemory`. */
  static get defaultSize(): number {
    return threads;
  }

  /** Number of threads; each is started when there is a task that no other is free for. */
  readonly size: number;
  readonly #module: string;
  readonly #data: unknown;
  readonly #workers: PoolWorker<Result>[] = [];
  readonly #waiting: (() => void)[] = [];
  #nextId = 0;
  #ending = false;

  /**
   * @param data handed to every worker once, at its start
   * @param size number of threads
   */
  constructor(module: string, data: unknown, size = WorkerPool.defaultSize) {
    this.#module = module;
    this.#data = data;
    this.size = size;
  }

  /** Runs one task on the least busy thread; waits while each has two under way, which bounds memory. */
  async run(task: Task, transfer: readonly Transferable[] = []): Promise<Result> {
    let chosen = this.#leastBusy();
    while (chosen.pending.size >= 2) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      chosen = this.#leastBusy();
    }
    if (chosen.failed) throw chosen.failed;
    const id = this.#nextId++;
    const done = Promise.withResolvers<Result>();
    chosen.pending.set(id, done);
    chosen.worker.ref();
    chosen.worker.postMessage({ id, task }, transfer);
    return done.promise;
  }

  [Symbol.dispose](): void {
    for (const { worker } of this.#workers) void worker.terminate();
  }

  /** As `dispose`, and waits until no thread does anything any more, whatever it was at. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): PoolWorker<Result> {
    const free = this.#workers.find(({ pending }) => pending.size === 0);
    if (free) return free;
    if (this.#workers.length < this.size) return this.#start();
    return this.#workers.reduce((best, other) => (other.pending.size < best.pending.size ? other : best));
  }

  #start(): PoolWorker<Result> {
    const worker = createWorker(this.#module, this.#data);
    worker.unref();
    const pending = new Map<number, PromiseWithResolvers<Result>>();
    const entry: PoolWorker<Result> = { worker, pending };
    const settle = (id: number, act: (promise: PromiseWithResolvers<Result>) => void) => {
      const promise = pending.get(id);
      pending.delete(id);
      // A last answer of a thread that is ended must not let the process end before the thread.
      if (pending.size === 0 && !this.#ending) worker.unref();
      if (promise) act(promise);
      this.#waiting.shift()?.();
    };
    worker.on("message", ({ id, result, error }: { id: number; result: Result; error?: SentError }) => {
      settle(id, (promise) => (error ? promise.reject(receiveError(error)) : promise.resolve(result)));
    });
    const failAll = (error: Error) => {
      entry.failed ??= error;
      for (const id of pending.keys()) settle(id, (promise) => promise.reject(error));
    };
    worker.on("error", failAll);
    worker.on("exit", (code) =>
      failAll(new Error(`worker ${this.#module} ended with ${code} before its work was done`)),
    );
    this.#workers.push(entry);
    return entry;
  }
}

interface PoolWorker<Result> {
  readonly worker: Worker;
  readonly pending: Map<number, PromiseWithResolvers<Result>>;
  /** Why the thread ended: tasks given to it afterwards would never be answered. */
  failed?: Error;
}

/** What does tasks: threads, or the thread that asks. */
export interface TaskRunner<Task, Result> extends Disposable {
  /** How many tasks are done at a time. */
  readonly size: number;
  run(task: Task, transfer?: readonly Transferable[]): Promise<Result>;
}

/** A runner for so little work that it is done before a thread has started. */
export function runHere<Task, Result>(handler: (task: Task) => Result | Promise<Result>): TaskRunner<Task, Result> {
  return { size: 1, run: async (task) => handler(task), [Symbol.dispose]: () => {} };
}

/** An error as it crosses threads: structured clone keeps no class and no own properties. */
interface SentError {
  readonly error: Error;
  readonly name: string;
  readonly extra: Record<string, unknown>;
}

function sendError(thrown: unknown): SentError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { code, hint, errno, syscall, path } = error as Error & Record<string, unknown>;
  return { error: new Error(error.message), name: error.name, extra: { code, hint, errno, syscall, path } };
}

function receiveError({ error, name, extra }: SentError): Error {
  if (name === "AtomicError") {
    const hint = extra["hint"];
    return new AtomicError(String(extra["code"]), error.message, typeof hint === "string" ? { hint } : {});
  }
  return Object.assign(error, extra);
}

function createWorker(module: string, data: unknown): Worker {
  const resourceLimits = { maxYoungGenerationSizeMb: nurseryMegabytes };
  const options = { workerData: data, execArgv: ["--no-warnings"], resourceLimits };
  const sea = createRequire(import.meta.url)("node:sea") as typeof import("node:sea");
  if (sea.isSea()) {
    // A worker evaluated from text has no file to resolve from; the bundle needs none.
    return new Worker(sea.getAsset(`${module}.worker.cjs`, "utf8"), { ...options, eval: true });
  }
  return new Worker(new URL(workerPath(module), import.meta.url), options);
}

/** Where a worker's file is, relative to this one: unbuilt, as a library, or beside the bundle. */
function workerPath(module: string): string {
  if (import.meta.url.endsWith("/base/pool.ts")) return `../${module}.worker.ts`;
  return import.meta.url.endsWith("/base/pool.js") ? `../${module}.worker.js` : `./${module}.worker.cjs`;
}

/**
 * The worker's side: answers each task with what `handler` returns.
 * @param setup called once with the pool's `data`; what it returns is handed to `handler`
 */
export function serveWorker<Task, Result, Data, State>(
  setup: (data: Data) => State,
  handler: (task: Task, state: State) => Result | Promise<Result>,
): void {
  const port = parentPort;
  if (!port) throw new Error("serveWorker is for worker threads");
  const state = setup(workerData as Data);
  port.on("message", async ({ id, task }: { id: number; task: Task }) => {
    try {
      port.postMessage({ id, result: await handler(task, state) });
    } catch (error) {
      port.postMessage({ id, error: sendError(error) });
    }
  });
}
