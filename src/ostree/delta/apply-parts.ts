// SPDX-License-Identifier: Apache-2.0
import { WorkerPool } from "../../base/index.ts";
import { type ApplyData, PartApplier, type PartTask } from "./apply-part.ts";
import type { PartResult } from "./execute.ts";
import type { PartHeader } from "./format.ts";

/** Objects of so few bytes are made sooner than a thread is started. */
const smallSize = 1 << 20;

/** Each thread holds up to 80 MB: a payload, an object and its read source. */
const threadLimit = 4;

/** Applies the parts of deltas to a transaction, one on each core. Parts do not depend on each other. */
export class PartPool implements AsyncDisposable {
  readonly total: PartResult = { metadata: 0, content: 0, written: 0 };
  /** How many parts are applied at a time. */
  readonly size: number;
  readonly #pool: WorkerPool<PartTask, PartResult> | undefined;
  readonly #applier: PartApplier | undefined;

  /** @param parts that there are */
  constructor(data: ApplyData, parts: readonly Pick<PartHeader, "usize">[]) {
    const bytes = parts.reduce((sum, { usize }) => sum + usize, 0);
    this.size = bytes <= smallSize ? 1 : Math.max(1, Math.min(parts.length, WorkerPool.defaultSize, threadLimit));
    if (bytes <= smallSize) this.#applier = new PartApplier(data);
    else this.#pool = new WorkerPool("ostree/delta/apply", data, this.size);
  }

  async apply(task: PartTask): Promise<void> {
    const result = this.#applier?.run(task) ?? (await this.#send(task));
    this.total.metadata += result.metadata;
    this.total.content += result.content;
    this.total.written += result.written;
  }

  /** Threads must have come to rest before the staging directory is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool?.[Symbol.asyncDispose]();
  }

  #send(task: PartTask): Promise<PartResult> {
    // A view would be sent with the whole buffer that it looks into.
    const bounds = { ...task.bounds, objects: task.bounds.objects.slice() };
    return this.#pool!.run({ ...task, bounds });
  }
}
