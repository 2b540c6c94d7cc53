// SPDX-License-Identifier: Apache-2.0
import type { DbusMessage } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import type { JobResult } from "./model.ts";

const results: ReadonlySet<string> = new Set<JobResult>([
  "done",
  "canceled",
  "timeout",
  "failed",
  "dependency",
  "skipped",
  "invalid",
  "assert",
  "unsupported",
  "collected",
  "once",
]);

/** Results of jobs by the path of the job, from the signal JobRemoved. */
export class Jobs {
  /** Whoever queues a job learns its path later than the job may have ended: results are kept while somebody queues. */
  readonly #ended = new Map<string, JobResult>();
  readonly #waiting = new Map<string, { resolve: (result: JobResult) => void; reject: (error: unknown) => void }>();
  #queueing = 0;

  /** The signal has the number, the path, the unit and the result. */
  removed({ body }: DbusMessage): void {
    const [, path, , word] = body ?? [];
    if (typeof path !== "string" || typeof word !== "string") return;
    const result = results.has(word) ? (word as JobResult) : "other";
    const waiting = this.#waiting.get(path);
    this.#waiting.delete(path);
    if (waiting !== undefined) waiting.resolve(result);
    else if (this.#queueing > 0) this.#ended.set(path, result);
  }

  /** @param queue queues a job and gives its path */
  async run(queue: () => Promise<string>, onQueued: (path: string) => void): Promise<JobResult> {
    const path = await this.#queue(queue);
    const ended = this.#ended.get(path);
    if (ended !== undefined) return ended;
    onQueued(path);
    return new Promise((resolve, reject) => this.#waiting.set(path, { resolve, reject }));
  }

  async #queue(queue: () => Promise<string>): Promise<string> {
    if (this.#queueing++ === 0) this.#ended.clear();
    try {
      return await queue();
    } finally {
      this.#queueing--;
    }
  }

  /** There is nobody any more who could say how they end. */
  lost(): void {
    for (const { reject } of this.#waiting.values())
      reject(gearError("systemd", "the connection to systemd was lost while a job was running"));
    this.#waiting.clear();
  }
}
