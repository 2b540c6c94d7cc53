// SPDX-License-Identifier: Apache-2.0
import { WorkerPool } from "../../base/index.ts";
import type { Transaction } from "../transaction.ts";
import type { ApplyData, PartTask } from "./apply-part.ts";
import type { PartResult } from "./execute.ts";

/** Applies the parts of deltas to a transaction, one on each core. Parts do not depend on each other. */
export class PartPool implements Disposable {
  readonly total: PartResult = { metadata: 0, content: 0, written: 0 };
  readonly #pool: WorkerPool<PartTask, PartResult>;

  /** @param parts that there are: no more threads than these */
  constructor(data: ApplyData, parts: number) {
    const threads = Math.max(1, Math.min(parts, WorkerPool.defaultSize));
    this.#pool = new WorkerPool("ostree/delta", data, threads);
  }

  async apply(task: PartTask): Promise<void> {
    // A view would be sent with the whole buffer that it looks into.
    const header = { ...task.header, objects: task.header.objects.slice() };
    const result = await this.#pool.run({ ...task, header });
    this.total.metadata += result.metadata;
    this.total.content += result.content;
    this.total.written += result.written;
  }

  /** Tells the transaction what was made for it. */
  count(transaction: Transaction): void {
    transaction.countContent(this.total.content, this.total.written);
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}
